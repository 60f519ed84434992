/** Not an error: there is no time left for another request, and what is durable is enough to go on from. */
export class DeadlineReachedError extends Error {
  override readonly name = 'DeadlineReachedError';
}
