import { createHash } from 'node:crypto';
import type { RowSink } from '../page-records.ts';

/** A body is not the file that was expected. For the reader, who knows which response it was. */
export class NoFileError extends Error {
  override readonly name = 'NoFileError';
}

/** What every Parquet file begins and ends with. */
const mark = Buffer.from('PAR1');

/**
 * Hands a Parquet file on as it is.
 *
 * @returns  SHA-256 of its bytes, hex
 * @throws {NoFileError} when it does not begin and end as one; whether the bytes between are whole is known when it is read
 */
export async function takeFile(pieces: AsyncIterable<Buffer>, sink: Pick<RowSink, 'whole'>): Promise<string> {
  const { whole } = sink;
  if (whole === undefined) throw new TypeError('The rows are to be looked at, and a file is not.');
  const hash = createHash('sha256');
  let head: Buffer = Buffer.alloc(0);
  let tail: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    if (head.length < mark.length)
      head = Buffer.concat([head, piece.subarray(0, mark.length)]).subarray(0, mark.length);
    tail =
      piece.length < mark.length ? Buffer.concat([tail, piece]).subarray(-mark.length) : piece.subarray(-mark.length);
    hash.update(piece);
    await whole(piece);
  }
  if (!head.equals(mark)) throw new NoFileError('it does not begin with PAR1');
  if (!tail.equals(mark)) throw new NoFileError('it does not end with PAR1, so something is missing');
  return hash.digest('hex');
}
