/** Nothing came over a connection for too long. A network fault like any other: retried. */
export class RequestTimeoutError extends Error {
  override readonly name = 'RequestTimeoutError';
  readonly code = 'ETIMEDOUT';

  constructor(timeoutMs: number) {
    super(`no byte for ${timeoutMs / 1_000} s`);
  }
}
