/** How a connection ended: closed by the other side or the network, never answered, not made in time, or ended by us. */
export type LossCode = 'CONNECTION_CLOSED' | 'CONNECTION_SILENT' | 'CONNECT_TIMEOUT' | 'CONNECTION_ENDED';

const words: Readonly<Record<LossCode, string>> = {
  CONNECTION_CLOSED: 'The connection to the database was lost',
  CONNECTION_SILENT: 'The database did not answer in time, and the connection was given up',
  CONNECT_TIMEOUT: 'The connection to the database was not made in time',
  CONNECTION_ENDED: 'The connections to the database were ended',
};

/**
 * The connection of a statement is gone. What the statement did is not known: where it was a COMMIT, it may have taken
 * effect. `classifyFailure` reads the code; `withRetries` tries again on another connection.
 */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
  readonly code: LossCode;

  constructor(code: LossCode, cause?: Error) {
    super(`${words[code]}${cause === undefined ? '' : `: ${cause.message}`}`, cause === undefined ? {} : { cause });
    this.code = code;
  }
}
