/**
 * Runs workers side by side, and resolves when all of them have ended. When one fails, the others may finish what they
 * have in hand, so that none is left at work behind a failure; `failed` tells them to begin nothing more.
 *
 * @throws what the first one in order failed with
 */
export async function sideBySide(workers: number, work: (failed: () => boolean) => Promise<void>): Promise<void> {
  let failed = false;
  const settled = await Promise.allSettled(
    Array.from({ length: workers }, async () => {
      try {
        await work(() => failed);
      } catch (error) {
        failed = true;
        throw error;
      }
    }),
  );
  const failure = settled.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
