import { isUtf8 } from 'node:buffer';
import { UnreadableSourceError } from '../errors.ts';
import { walkBlocks } from './blocks.ts';
import { LineIndex } from './line-index.ts';
import { maxRecordBytes } from './scan-csv.ts';
import type { LineScan } from './scan-lines.ts';
import { openScratchWriter } from './scratch-writer.ts';
import type { UnreadableRows } from './unreadable-rows.ts';

/**
 * Writes the elements of a JSON document as lines: those of an array, or the document itself where it is one object.
 * Only the structure is looked at; whether an element is valid is decided later, by DuckDB. Line ends between tokens
 * become spaces. One pass, memory for the largest element. An empty document has no elements.
 *
 * @returns a scan whose lines are ordinals of elements
 * @throws {UnreadableSourceError} where the document is neither, or breaks off; names line and column
 */
export async function splitJson(args: {
  readonly path: string;
  readonly copyPath: string;
  readonly source: string;
  readonly unreadable: UnreadableRows;
  readonly signal?: AbortSignal | undefined;
}): Promise<LineScan> {
  const copy = await openScratchWriter(args.copyPath);
  const lines = new LineIndex();
  const place = new Place();
  let state: 'start' | 'first' | 'element' | 'after' | 'end' = 'start';
  let array = false;
  let elements = 0;
  let records = 0;
  let longest = 0;

  const consume = async (bytes: Buffer, offset: number, last: boolean): Promise<number> => {
    const end = bytes.length;
    const fail = (problem: string): UnreadableSourceError =>
      new UnreadableSourceError({ source: args.source, problem: `${problem} at ${place.of(bytes, at)}.` });
    const settled = (): number => {
      place.pass(bytes, at);
      return at;
    };
    let at = offset === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    for (;;) {
      while (at < end && isSpace(bytes[at] as number)) {
        at += 1;
      }
      if (at >= end) {
        if (last && state !== 'end' && state !== 'start') {
          throw fail('the JSON document breaks off');
        }
        return settled();
      }
      const byte = bytes[at] as number;
      if (state === 'start' && byte === openBracket) {
        array = true;
        state = 'first';
        at += 1;
        continue;
      }
      if (state === 'start' && byte !== openBrace) {
        throw fail('the JSON document is neither an array of objects nor one object; it begins otherwise');
      }
      if ((state === 'first' || state === 'after') && byte === closeBracket) {
        state = 'end';
        at += 1;
        continue;
      }
      if (state === 'end') {
        throw fail(`something follows the ${array ? 'array' : 'object'}`);
      }
      if (state === 'after') {
        if (byte !== comma) {
          throw fail('a comma or ] is missing in the JSON document');
        }
        state = 'element';
        at += 1;
        continue;
      }
      const stop = elementEnd(bytes, at, end, last);
      if (stop === undefined) {
        if (last) {
          throw fail('the JSON document breaks off inside the element that begins');
        }
        if (end - at > 8 * maxRecordBytes) {
          throw fail(`an element is longer than ${(8 * maxRecordBytes) >> 20} MiB, or never closed; it begins`);
        }
        return settled();
      }
      if (stop === at) {
        throw fail('an element is missing in the JSON document');
      }
      const element = bytes.subarray(at, stop);
      elements += 1;
      const problem = problemOf(element);
      if (problem === undefined) {
        records += 1;
        lines.add(records, elements);
        await copy.write(asLine(element));
        longest = Math.max(longest, element.length);
      } else {
        await args.unreadable.add({ line: elements, reason: `the element ${problem}`, raw: element });
      }
      state = array ? 'after' : 'end';
      at = stop;
    }
  };

  try {
    await walkBlocks(args.path, consume, args.signal);
  } finally {
    await copy.close();
  }
  return { records, path: args.copyPath, longest, lines };
}

const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const comma = 0x2c;
const doubleQuote = 0x22;
const backslash = 0x5c;

function isSpace(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}

/** First byte behind the element at `at`; undefined when it does not end within the bytes. */
function elementEnd(bytes: Uint8Array, at: number, end: number, last: boolean): number | undefined {
  let depth = 0;
  for (let i = at; i < end; i += 1) {
    const byte = bytes[i];
    if (byte === doubleQuote) {
      i += 1;
      while (i < end && bytes[i] !== doubleQuote) {
        i += bytes[i] === backslash ? 2 : 1;
      }
      if (i >= end) {
        return undefined;
      }
    } else if (byte === openBrace || byte === openBracket) {
      depth += 1;
    } else if (byte === closeBrace || byte === closeBracket) {
      if (depth === 0) {
        return i;
      }
      depth -= 1;
      if (depth === 0) {
        return i + 1;
      }
    } else if (depth === 0 && (byte === comma || isSpace(byte as number))) {
      return i;
    }
  }
  return last && depth === 0 ? end : undefined;
}

function problemOf(element: Buffer): string | undefined {
  if (!isUtf8(element)) {
    return 'has bytes that are not UTF-8';
  }
  return element.includes(0) || element.includes(1) || element.includes(2)
    ? 'is not valid JSON: it holds a bare control character'
    : undefined;
}

/** Line ends inside strings are not allowed in JSON: such an element stays invalid, with a tab where they stood. */
function asLine(element: Buffer): Buffer {
  const line = Buffer.allocUnsafe(element.length + 1);
  element.copy(line);
  let quoted = false;
  for (let i = 0; i < element.length; i += 1) {
    const byte = element[i];
    if (byte === backslash && quoted) {
      i += 1;
    } else if (byte === doubleQuote) {
      quoted = !quoted;
    } else if (byte === 10 || byte === 13) {
      line[i] = quoted ? 9 : 32;
    }
  }
  line[element.length] = 10;
  return line;
}

/** Line and column of bytes that have passed. */
class Place {
  private line = 1;
  private column = 1;

  pass(bytes: Uint8Array, until: number): void {
    for (let i = 0; i < until; i += 1) {
      if (bytes[i] === 10) {
        this.line += 1;
        this.column = 1;
      } else {
        this.column += 1;
      }
    }
  }

  of(bytes: Uint8Array, until: number): string {
    const line = this.line;
    const column = this.column;
    this.pass(bytes, until);
    const text = `line ${this.line}, column ${this.column}`;
    this.line = line;
    this.column = column;
    return text;
  }
}
