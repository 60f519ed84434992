/** A body ended too early without the connection saying so. A network fault like any other: retried. */
export class TruncatedBodyError extends Error {
  override readonly name = 'TruncatedBodyError';
  readonly code = 'ERR_STREAM_PREMATURE_CLOSE';

  constructor(bytes: number) {
    super(`the response was cut off after ${bytes.toLocaleString('en-US')} bytes, in the middle of its JSON`);
  }
}
