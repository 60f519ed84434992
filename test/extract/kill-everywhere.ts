import { expect } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import type { ExtractRequest } from '../../lib/extract/request.ts';
import { type Respond, readRows, setup, startApi } from './extract-setup.ts';
import { Crash } from './resume.ts';

type Loose = Readonly<Record<string, unknown>>;

/**
 * Kills an extraction at each of its requests, before its response and with pages saved after each one or never, and
 * expects the next call to end with the rows of an extraction that was not killed, each of them once and in order.
 *
 * @param answers  an API that knows of no earlier extraction
 */
export async function killAtEachRequest(
  source: Loose,
  answers: () => Respond,
  more: Partial<ExtractRequest> = {},
): Promise<{ readonly rows: readonly Loose[]; readonly requests: number }> {
  let answer = answers();
  let crash = new Crash();
  let dieAt = Infinity;
  let count = 0;
  const api = await startApi(async (request, response, total) => {
    count += 1;
    if (count === dieAt) {
      crash.now();
      response.destroy();
      return;
    }
    await answer(request, response, total);
  });
  const whole = setup(source, { base_url: api.url }, more).request;
  const manifest = await extract(whole);
  const rows = await readRows(whole, manifest);
  const requests = count;
  for (let at = 1; at <= requests; at += 1) {
    for (const pace of [20_000, 0]) {
      answer = answers();
      crash = new Crash();
      dieAt = at;
      count = 0;
      const made = setup(source, { base_url: api.url }, more);
      const onProgress = (): void => made.clock.pass(pace);
      const doomed = { ...made.request, store: crash.store(made.request.store), signal: crash.signal, onProgress };
      await expect(extract(doomed), `killed at request ${at}`).rejects.toThrow();
      dieAt = Infinity;
      const again = await extract(made.request);
      expect(again.complete).toBe(true);
      expect(await readRows(made.request, again), `killed at request ${at}, saved every ${pace} ms`).toEqual(rows);
      expect(again.watermark).toEqual(manifest.watermark);
    }
  }
  return { rows, requests };
}
