import type { OnRecord } from './captures.ts';
import type { EnclosingFields } from './enclosing-fields.ts';
import type { WantMember } from './envelope.ts';
import { JsonSyntaxError } from './json-syntax-error.ts';
import { type JsonSummary, PathFollower } from './path-follower.ts';
import type { PathNode } from './path-tree.ts';
import { scalarGrammar } from './scalar-grammar.ts';

const [value, firstValue, firstKey, key, colon, after, string, escaped, unicode, scalar, done] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
] as const;
type State =
  | typeof value
  | typeof firstValue
  | typeof firstKey
  | typeof key
  | typeof colon
  | typeof after
  | typeof string
  | typeof escaped
  | typeof unicode
  | typeof scalar
  | typeof done;

export interface ScannerOptions {
  /** Several documents may follow each other, as in NDJSON. */
  readonly many?: boolean | undefined;
  /** Which members outside of the records are kept; undefined: none. */
  readonly wants?: WantMember | undefined;
  /** Gives records the fields of what they lie in, from the texts that are captured. */
  readonly enclosing?: ((texts: Map<string, string>) => EnclosingFields) | undefined;
}

const maxDepth = 1_000;
const byteOrderMark = [0xef, 0xbb, 0xbf];

/**
 * Reads a JSON text in pieces, checks it against RFC 8259, and hands out each record as the bytes it has in the text, so
 * that no digit of a number is lost. Holds one record at a time, never the document. By hand, because the streaming
 * parsers of npm hand out JavaScript values, whose numbers have lost digits beyond 2^53.
 */
export class JsonScanner {
  readonly #follower: PathFollower;
  /** Whether several documents may follow each other, as in NDJSON. */
  readonly #many: boolean;
  #state: State = value;
  #stringIsKey = false;
  #keyPieces: Uint8Array[] | undefined;
  #keyStart = 0;
  #scalarState = 0;
  #hexDigits = 0;
  #offset = 0;
  /** Bytes of the byte order mark seen. */
  #marked = 0;

  constructor(root: PathNode, onRecord: OnRecord, options: ScannerOptions = {}) {
    this.#follower = new PathFollower(root, onRecord, options.wants, options.enclosing);
    this.#many = options.many === true;
  }

  /** @throws {JsonSyntaxError} with the byte offset of what does not belong */
  write(chunk: Uint8Array): void {
    let at = 0;
    while (this.#marked < 3 && this.#offset + at === this.#marked && chunk[at] === byteOrderMark[this.#marked]) {
      this.#marked += 1;
      at += 1;
    }
    this.#keyStart = 0;
    const { next, final, start } = scalarGrammar;
    const length = chunk.length;

    while (at < length) {
      const byte = chunk[at] as number;
      switch (this.#state) {
        case string: {
          if (byte === 0x22) {
            at += 1;
            if (this.#stringIsKey) this.#endKey(chunk, at);
            else this.#endValue(chunk, at);
          } else if (byte === 0x5c) {
            this.#state = escaped;
            at += 1;
          } else if (byte < 0x20) {
            throw this.#error(at, 'a line break or control character inside a text');
          } else {
            at += 1;
            while (at < length) {
              const inner = chunk[at] as number;
              if (inner === 0x22 || inner === 0x5c || inner < 0x20) break;
              at += 1;
            }
          }
          break;
        }
        case escaped: {
          if (byte === 0x75) {
            this.#state = unicode;
            this.#hexDigits = 0;
          } else if ('"\\/bfnrt'.includes(String.fromCharCode(byte))) this.#state = string;
          else throw this.#error(at, 'an unknown escape after a backslash');
          at += 1;
          break;
        }
        case unicode: {
          if (!/[0-9a-fA-F]/.test(String.fromCharCode(byte))) throw this.#error(at, 'a \\u escape without four digits');
          this.#hexDigits += 1;
          if (this.#hexDigits === 4) this.#state = string;
          at += 1;
          break;
        }
        case scalar: {
          const to = byte < 128 ? (next[this.#scalarState * 128 + byte] as number) : 0;
          if (to !== 0) {
            this.#scalarState = to;
            at += 1;
          } else if (final[this.#scalarState] === 1 && isDelimiter(byte)) this.#endValue(chunk, at);
          else throw this.#error(at, 'a value that is neither number, text, true, false nor null');
          break;
        }
        default: {
          if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
            at += 1;
            break;
          }
          switch (this.#state) {
            case done:
              if (!this.#many) throw this.#error(at, 'more text after the end of the document');
              this.#state = value;
              break;
            case colon:
              if (byte !== 0x3a) throw this.#error(at, 'no colon after a name');
              this.#state = value;
              at += 1;
              break;
            case firstKey:
            case key:
              if (byte === 0x22) {
                this.#startKey(at);
                at += 1;
              } else if (byte === 0x7d && this.#state === firstKey) {
                at += 1;
                this.#close(chunk, at);
              } else throw this.#error(at, 'no name in quotes where one is expected');
              break;
            case after: {
              const { inObject } = this.#follower;
              at += 1;
              if (byte === 0x2c) {
                if (inObject) this.#state = key;
                else {
                  this.#follower.nextElement();
                  this.#state = value;
                }
              } else if (byte === (inObject ? 0x7d : 0x5d)) this.#close(chunk, at);
              else throw this.#error(at - 1, `neither a comma nor the end of the ${inObject ? 'object' : 'array'}`);
              break;
            }
            default: {
              if (byte === 0x5d && this.#state === firstValue) {
                at += 1;
                this.#close(chunk, at);
                break;
              }
              if (byte === 0x7b || byte === 0x5b) {
                this.#open(byte === 0x7b, at);
                at += 1;
              } else {
                this.#follower.scalar(byte === 0x6e, at);
                if (byte === 0x22) {
                  this.#state = string;
                  this.#stringIsKey = false;
                  at += 1;
                } else {
                  this.#state = scalar;
                  this.#scalarState = start;
                }
              }
            }
          }
        }
      }
    }
    this.#follower.carry(chunk);
    if (this.#keyPieces !== undefined) this.#keyPieces.push(chunk.subarray(this.#keyStart));
    this.#offset += length;
  }

  /** @throws {JsonSyntaxError} when the document is not whole */
  end(): JsonSummary {
    if (this.#state === scalar && scalarGrammar.final[this.#scalarState] === 1 && this.#follower.depth === 0) {
      this.#endValue(new Uint8Array(0), 0);
    }
    const nothingAtAll = this.#many && this.#state === value && this.#follower.depth === 0;
    if (this.#state !== done && !nothingAtAll)
      throw this.#error(0, 'the end of the text in the middle of the document');
    return this.#follower.summary();
  }

  #open(object: boolean, at: number): void {
    if (this.#follower.depth >= maxDepth) throw this.#error(at, `nesting of more than ${maxDepth} levels`);
    this.#follower.open(object, at);
    this.#state = object ? firstKey : firstValue;
  }

  #close(chunk: Uint8Array, end: number): void {
    this.#follower.close();
    this.#endValue(chunk, end);
  }

  #startKey(at: number): void {
    this.#state = string;
    this.#stringIsKey = true;
    this.#keyPieces = this.#follower.wantsName ? [] : undefined;
    this.#keyStart = at;
  }

  #endKey(chunk: Uint8Array, end: number): void {
    this.#state = colon;
    if (this.#keyPieces === undefined) return;
    const bytes = Buffer.concat([...this.#keyPieces, chunk.subarray(this.#keyStart, end)]);
    this.#keyPieces = undefined;
    this.#follower.member(JSON.parse(bytes.toString()) as string);
  }

  #endValue(chunk: Uint8Array, end: number): void {
    this.#state = this.#follower.depth === 0 ? done : after;
    this.#follower.endValue(chunk, end);
  }

  #error(at: number, found: string): JsonSyntaxError {
    return new JsonSyntaxError(this.#offset + at, found);
  }
}

function isDelimiter(byte: number): boolean {
  return (
    byte === 0x2c || byte === 0x5d || byte === 0x7d || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
  );
}
