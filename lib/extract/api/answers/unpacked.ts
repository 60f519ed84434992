import { Readable, type Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { zstdDecompress } from '../../zstd-stream.ts';

/** What packed bytes begin with; no JSON, CSV or XML does. */
const packings: readonly { readonly mark: Buffer; readonly unpack: () => Transform }[] = [
  { mark: Buffer.from([0x1f, 0x8b]), unpack: createGunzip },
  { mark: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), unpack: zstdDecompress },
];

/**
 * The pieces of a body that may be packed although no header says so, as files behind a URL often are. What is cut off is
 * an error of the network, as with a header.
 */
export async function* unpacked(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = pieces[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 4) {
    const { done, value } = await source.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  const rest = joined(head, { [Symbol.asyncIterator]: () => source });
  const packing = packings.find(({ mark }) => head.subarray(0, mark.length).equals(mark));
  if (packing === undefined) {
    yield* rest;
    return;
  }
  const from = Readable.from(rest, { objectMode: false });
  const unpack = packing.unpack();
  from.once('error', (error) => unpack.destroy(error));
  try {
    yield* from.pipe(unpack) as AsyncIterable<Buffer>;
  } finally {
    from.destroy();
    unpack.destroy();
  }
}

async function* joined(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* rest;
}
