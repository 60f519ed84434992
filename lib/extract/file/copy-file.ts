import type { FileSettings } from '../../config/pipeline.ts';
import type { Encoding } from '../../config/source-file.ts';
import {
  byteOrderMark,
  decodeStrictly,
  fittingEncodings,
  hasNonAscii,
  isWrongEncoding,
  looksLikeUtf16,
} from '../encoding.ts';
import { PartWriter, rawPartName, rejectedPartName, type SealedPart } from '../part-writer.ts';
import { rejectedLine } from '../rejected-line.ts';
import type { ExtractRequest, PinnedFile } from '../request.ts';
import { binaryKind } from './binary-kind.ts';
import { decodeText } from './decode-text.ts';
import { EmptyFileError, EncodingMismatchError, NotTextFileError } from './errors.ts';
import type { FileKind } from './file-kind.ts';
import { formatReader } from './formats.ts';

/** What became of one file. */
export interface CopiedFile {
  /** One part, none for a file without rows. */
  readonly parts: readonly SealedPart[];
  readonly rejected: readonly SealedPart[];
  readonly rejectedRows: number;
  /** Rows, where they were counted on the way: of JSON documents. */
  readonly rows: number;
}

/** Bytes looked at to tell the encoding. */
export const headBytes = 1024 * 1024;

/**
 * Writes one file as a part in UTF-8 that can be read as it is: unpacked, decoded, and one object a line where it is a
 * JSON document. A file stays one part, so that line numbers stay true.
 *
 * @param chunks  the file's bytes, unpacked
 * @param number  its place among the files of the source, from 0, which its parts are named by
 * Killed midway: scratch files only.
 */
export async function copyFile(
  file: PinnedFile,
  kind: FileKind,
  chunks: AsyncIterable<Buffer>,
  number: number,
  settings: FileSettings,
  request: Pick<ExtractRequest, 'headBytes' | 'prefix' | 'store'>,
): Promise<CopiedFile> {
  const reader = formatReader(kind.format);
  const writer = new PartWriter(request.store, rawPartName(request.prefix, reader.part), number, Infinity);
  const refused = new PartWriter(request.store, rejectedPartName(request.prefix), number, Infinity);
  let rejectedRows = 0;
  let rows = 0;
  let misfits: Buffer[] = [];
  const onMisfit = (record: { readonly line: number; readonly reason: string; readonly raw: string }): void => {
    rejectedRows += 1;
    misfits.push(rejectedLine(file.shown, record.line, null, record.reason, record.raw));
  };
  try {
    const text = reader.text ? utf8(file, kind, chunks, settings, onMisfit) : chunks;
    if (reader.write !== undefined) {
      rows = await reader.write({ shown: file.shown, chunks: text, settings, onMisfit }, writer);
    } else {
      let bytes = 0;
      let blank = true;
      let tail: Buffer = Buffer.alloc(0);
      const most = reader.text ? (request.headBytes ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
      for await (const read of text) {
        const chunk = bytes + read.length > most ? read.subarray(0, read.lastIndexOf(0x0a, most - bytes) + 1) : read;
        blank = blank && isBlank(chunk);
        if (bytes === 0) reader.checkEdge?.(file.shown, chunk);
        if (reader.checkEdge !== undefined) tail = Buffer.concat([tail, chunk.subarray(-4)]).subarray(-4);
        bytes += chunk.length;
        await writer.write(chunk);
        await refused.write(Buffer.concat(misfits));
        misfits = [];
        if (chunk !== read) break;
      }
      if (blank && !reader.mayBeEmpty) throw new EmptyFileError(file.shown);
      reader.checkEdge?.(file.shown, tail);
    }
    await refused.write(Buffer.concat(misfits));
    return { parts: await writer.seal(), rejected: await refused.seal(), rejectedRows, rows };
  } finally {
    await writer.discard();
    await refused.discard();
  }
}

/** A text in UTF-8 without a byte order mark, whatever it was. */
async function* utf8(
  file: PinnedFile,
  kind: FileKind,
  chunks: AsyncIterable<Buffer>,
  settings: FileSettings,
  onMisfit: Parameters<typeof decodeText>[1]['onMisfit'],
): AsyncGenerator<Buffer> {
  const reader = formatReader(kind.format);
  const { encoding, head, rest } = await beginText(file, kind, chunks);
  const all = joined(head, rest);
  if (encoding === 'utf-8') {
    checkUtf8(file.shown, head, reader.headerLines(settings));
    yield* all;
    return;
  }
  const headerLines = reader.headerLines(settings);
  yield* decodeText(all, { shown: file.shown, encoding, onMisfit, quotes: reader.dialect(settings), headerLines });
}

interface TextStart {
  readonly encoding: Encoding;
  /** Without a byte order mark. */
  readonly head: Buffer;
  readonly rest: AsyncIterable<Buffer>;
}

/** Reads the start of a text and finds its encoding: as declared, else by its byte order mark, else UTF-8. */
async function beginText(file: PinnedFile, kind: FileKind, chunks: AsyncIterable<Buffer>): Promise<TextStart> {
  const rest = chunks[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < headBytes) {
    const { done, value } = await rest.next();
    if (done === true) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  if (head.length === 0 && !formatReader(kind.format).mayBeEmpty) throw new EmptyFileError(file.shown);
  checkText(file.shown, head, kind);
  const mark = byteOrderMark(head);
  const encoding = textEncoding(file.shown, kind, head);
  return {
    encoding,
    head: mark?.encoding === encoding ? head.subarray(mark.length) : head,
    rest: { [Symbol.asyncIterator]: () => rest },
  };
}

/** @throws {NotTextFileError} when the first bytes are those of another kind of file */
export function checkText(shown: string, head: Buffer, { compression, format }: FileKind): void {
  const binary = binaryKind(head);
  if (binary === undefined) return;
  throw new NotTextFileError(shown, format, binary, compression !== 'none');
}

/** @throws {EncodingMismatchError} when a byte order mark and the configuration contradict each other */
export function textEncoding(shown: string, kind: FileKind, head: Buffer): Encoding {
  const mark = byteOrderMark(head);
  // FF FE may also begin a text in a one-byte encoding, so a mark overrules only an encoding that was not declared.
  if (kind.encoding === undefined) return mark?.encoding ?? 'utf-8';
  if (mark !== undefined && mark.encoding !== kind.encoding && mark.encoding === 'utf-8') {
    throw new EncodingMismatchError(shown, kind.encoding, 1, ['utf-8']);
  }
  return kind.encoding;
}

/**
 * Looks whether the start of a text is UTF-8 at all. Single lines that are not are rejected when rows are read.
 *
 * @throws {EncodingMismatchError} when the header or most lines are not
 */
export function checkUtf8(shown: string, head: Buffer, headerLines: number): void {
  const whole = head.length < headBytes ? head : head.subarray(0, head.lastIndexOf(0x0a) + 1);
  if (looksLikeUtf16(whole)) throw new EncodingMismatchError(shown, 'utf-8', 1, fittingEncodings(whole));
  if (decodeStrictly(whole, 'utf-8') !== undefined) return;
  let misfits = 0;
  let nonAscii = 0;
  const sample: Buffer[] = [];
  for (let at = 0, line = 1; at < whole.length; line += 1) {
    const next = whole.indexOf(0x0a, at);
    const end = next === -1 ? whole.length : next + 1;
    const bytes = whole.subarray(at, end);
    at = end;
    if (!hasNonAscii(bytes) && !bytes.includes(0)) continue;
    nonAscii += 1;
    if (decodeStrictly(bytes, 'utf-8') !== undefined && !bytes.includes(0)) continue;
    misfits += 1;
    sample.push(bytes);
    if (line <= headerLines) throw new EncodingMismatchError(shown, 'utf-8', 1, fittingEncodings(whole));
  }
  if (isWrongEncoding(misfits, nonAscii)) {
    throw new EncodingMismatchError(shown, 'utf-8', misfits, fittingEncodings(Buffer.concat(sample)));
  }
}

export function isBlank(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte !== 0x20 && (byte < 0x09 || byte > 0x0d)) return false;
  }
  return true;
}

async function* joined(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  yield* rest;
}
