import type { Encoding } from '../../config/source-file.ts';
import { decodeLeniently, decodeStrictly, fittingEncodings, hasNonAscii, isWrongEncoding } from '../encoding.ts';
import { EncodingMismatchError } from './errors.ts';
import { lineEndAfter, openQuoteAfter, type QuoteRules } from './text-lines.ts';

/** A record whose bytes do not fit the encoding. */
export interface MisfitRecord {
  /** 1-based line it begins in. */
  readonly line: number;
  readonly reason: string;
  /** The text, with U+FFFD for what does not fit. */
  readonly raw: string;
}

export interface DecodeOptions {
  readonly shown: string;
  readonly encoding: Encoding;
  /** Quotes that make one record of several lines; undefined where every line is one. */
  readonly quotes: QuoteRules | undefined;
  /** Lines before the first record whose misfit means that the encoding is wrong, e.g. a header. */
  readonly headerLines: number;
  readonly onMisfit: (record: MisfitRecord) => void;
}

/** A record without an end is cut off here, so that memory stays bounded; twice what the reader of rows accepts. */
const maxRecordBytes = 32 * 1024 * 1024;
/** Bytes of misfitting lines that are kept to find the encoding they fit. */
const sampleBytes = 64 * 1024;

/**
 * Turns a text into UTF-8. `TextDecoder` decodes; by hand is what no library does: it finds the records whose bytes do
 * not fit. A record with bytes that do not fit is handed to `onMisfit` and leaves as many empty lines as
 * it had, so that the lines of the others keep their numbers.
 *
 * @throws {EncodingMismatchError} when the header does not fit, or most of the lines that are not plain ASCII
 */
export async function* decodeText(chunks: AsyncIterable<Buffer>, options: DecodeOptions): AsyncGenerator<Buffer> {
  const decoder = new RecordDecoder(options);
  for await (const chunk of chunks) {
    const text = decoder.push(chunk);
    if (text.length > 0) yield Buffer.from(text);
  }
  const rest = decoder.end();
  if (rest.length > 0) yield Buffer.from(rest);
}

class RecordDecoder {
  readonly #options: DecodeOptions;
  #rest: Buffer = Buffer.alloc(0);
  #line = 1;
  #misfits = 0;
  #nonAsciiLines = 0;
  #sample: Buffer = Buffer.alloc(0);

  constructor(options: DecodeOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): string {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const settled = lastLineEnd(bytes, this.#options.encoding);
    if (settled === 0) {
      this.#rest = bytes;
      return '';
    }
    return this.#decode(bytes, settled, false);
  }

  end(): string {
    const text = this.#decode(this.#rest, this.#rest.length, true);
    const { encoding, shown } = this.#options;
    if (isWrongEncoding(this.#misfits, this.#nonAsciiLines)) {
      throw new EncodingMismatchError(shown, encoding, this.#misfits, fittingEncodings(this.#sample));
    }
    return text;
  }

  /** Decodes the whole records among the first `settled` bytes; what is behind them waits. */
  #decode(bytes: Buffer, settled: number, last: boolean): string {
    const { encoding, quotes } = this.#options;
    const whole = bytes.subarray(0, settled);
    const text = decodeStrictly(whole, encoding);
    if (text !== undefined) {
      const open = quotes !== undefined && openQuoteAfter(text, false, quotes);
      if (!open || last || bytes.length > maxRecordBytes) {
        this.#rest = Buffer.from(bytes.subarray(settled));
        this.#line += countLines(text);
        if (hasNonAscii(whole)) this.#nonAsciiLines += countLines(text);
        return text;
      }
    }
    return this.#decodeRecords(bytes, settled, last);
  }

  #decodeRecords(bytes: Buffer, settled: number, last: boolean): string {
    const { encoding, quotes } = this.#options;
    let done = '';
    let at = 0;
    while (at < settled) {
      let end = at;
      let open = false;
      let lines = 0;
      do {
        const next = lineEndAfter(bytes, end, encoding);
        const lineEnd = next === -1 || next > settled ? settled : next;
        if (quotes !== undefined)
          open = openQuoteAfter(decodeLeniently(bytes.subarray(end, lineEnd), encoding), open, quotes);
        end = lineEnd;
        lines += 1;
      } while (open && end < settled);
      if (open && !last && settled - at <= maxRecordBytes) break;
      done += this.#record(bytes.subarray(at, end), lines);
      at = end;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
    return done;
  }

  #record(bytes: Buffer, lines: number): string {
    const { encoding, headerLines, onMisfit, shown } = this.#options;
    const text = decodeStrictly(bytes, encoding);
    const line = this.#line;
    this.#line += lines;
    if (hasNonAscii(bytes)) this.#nonAsciiLines += 1;
    if (text !== undefined) return text;
    this.#misfits += 1;
    if (this.#sample.length < sampleBytes) this.#sample = Buffer.concat([this.#sample, bytes]);
    if (line <= headerLines) throw new EncodingMismatchError(shown, encoding, 1, fittingEncodings(bytes));
    const raw = decodeLeniently(bytes, encoding).replace(/\r?\n$/, '');
    onMisfit({ line, reason: `The bytes do not fit the encoding ${encoding}.`, raw });
    return '\n'.repeat(lines);
  }
}

function lastLineEnd(bytes: Buffer, encoding: Encoding): number {
  if (encoding !== 'utf-16le' && encoding !== 'utf-16be') return bytes.lastIndexOf(0x0a) + 1;
  const low = encoding === 'utf-16le' ? 0 : 1;
  for (let unit = bytes.length - (bytes.length % 2) - 2; unit >= 0; unit -= 2) {
    if (bytes[unit + low] === 0x0a && bytes[unit + 1 - low] === 0) return unit + 2;
  }
  return 0;
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
