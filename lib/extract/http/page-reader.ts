import { isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import type { JsonPath } from '../../config/json-path.ts';
import { documentTree, needsDocument } from '../json/document-tree.ts';
import { JsonScanner, type JsonSummary } from '../json/json-scanner.ts';
import { JsonSyntaxError } from '../json/json-syntax-error.ts';
import { recordLine } from '../json/record-line.ts';
import { type RowSearch, searchTree } from '../row-search.ts';
import type { ApiAnswer } from './api-client.ts';
import { DocumentTooLargeError, NotJsonError, RowsNotFoundError } from './errors.ts';
import { excerptOf } from './excerpt.ts';
import type { Redactor } from './redactor.ts';
import { TruncatedBodyError } from './truncated-body-error.ts';

/** Where a page's rows go, line by line, in the order they came. */
export interface RowSink {
  /** Forgets the page so far: it is being asked for again. */
  readonly restart: () => Promise<void>;
  /** One NDJSON line, valid UTF-8, ending in a line feed. False: enough rows, the rest of the page is left out. */
  readonly row: (line: Buffer) => boolean;
  /** A record that cannot be a row; `ordinal` counts the page's records from 1. */
  readonly reject: (raw: Buffer, ordinal: number, reason: string) => void;
  /** Called between pieces of the body; writes down what was collected. */
  readonly flush: () => Promise<void>;
}

export interface PageContent {
  readonly rows: number;
  readonly bytes: number;
  readonly captures: ReadonlyMap<string, string>;
  /** SHA-256 of the page's lines, hex. */
  readonly digest: string;
}

/** What of a document that a path cannot be followed through piece by piece may be held in memory. */
export const documentBytes = 64 * 1024 * 1024;
/** Bytes kept of the start of a body, for messages. */
const headBytes = 4_096;

/** Reads one answer's rows into a sink, piece by piece. */
export async function readPage(
  answer: ApiAnswer,
  search: RowSearch,
  captures: Readonly<Record<string, JsonPath>>,
  sink: RowSink,
  redactor: Redactor,
): Promise<PageContent> {
  await sink.restart();
  const page = new PageRecords(sink);
  if (answer.status === 204 || answer.status === 205) return page.content(0, new Map());
  const whole = needsDocument(search, captures);
  const contentType = answer.headers['content-type'] ?? '';
  const many = /ndjson|jsonl|json-seq|jsonlines/i.test(contentType);
  const rows = many && search.path === undefined ? { ...search, path: { text: '$', steps: [] } } : search;
  const pieces: Buffer[] = [];
  let head: Buffer = Buffer.alloc(0);
  let bytes = 0;
  let scanner = whole ? undefined : new JsonScanner(searchTree(rows, captures), page.add, { many });
  const excerpt = (): string => excerptOf(new TextDecoder().decode(head), redactor);
  try {
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      if (head.length < headBytes) head = Buffer.concat([head, piece.subarray(0, headBytes - head.length)]);
      bytes += piece.length;
      if (scanner === undefined) {
        if (bytes > documentBytes) throw new DocumentTooLargeError(answer.shown, documentBytes);
        pieces.push(piece);
        continue;
      }
      scanner.write(piece);
      await sink.flush();
    }
    if (scanner === undefined) {
      const document = Buffer.concat(pieces);
      scanner = new JsonScanner(documentTree(document, rows, captures), page.add);
      scanner.write(document);
    }
    const summary = scanner.end();
    await sink.flush();
    if (!summary.reached && !whole) throw notFound(answer, rows, summary, excerpt());
    return page.content(bytes, summary.captures);
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    const cutOff = cause.offset === bytes && bytes > 0 && looksLikeJson(head);
    if (cutOff) throw new TruncatedBodyError(bytes);
    const found = bytes === 0 ? 'the body is empty' : `byte ${cause.offset}: ${cause.found}`;
    throw new NotJsonError(answer.shown, answer.status, contentType, found, excerpt());
  }
}

class PageRecords {
  readonly #sink: RowSink;
  readonly #hash: Hash = createHash('sha256');
  #ordinal = 0;
  #open = true;

  constructor(sink: RowSink) {
    this.#sink = sink;
  }

  readonly add = (raw: Buffer): void => {
    if (!this.#open) return;
    this.#ordinal += 1;
    if (!isUtf8(raw)) {
      this.#sink.reject(raw, this.#ordinal, 'The record is not valid UTF-8.');
      this.#hash.update(raw);
      return;
    }
    const line = recordLine(raw);
    if (line === undefined) {
      this.#sink.reject(raw, this.#ordinal, 'The record is null, not an object.');
      return;
    }
    this.#hash.update(line);
    this.#open = this.#sink.row(line);
  };

  content(bytes: number, captures: ReadonlyMap<string, string>): PageContent {
    return { rows: this.#ordinal, bytes, captures, digest: this.#hash.digest('hex') };
  }
}

function notFound(answer: ApiAnswer, rows: RowSearch, summary: JsonSummary, excerpt: string): RowsNotFoundError {
  return new RowsNotFoundError(answer.shown, rows.shown, summary.rootKind, summary.rootNames, excerpt);
}

function looksLikeJson(head: Buffer): boolean {
  return /^\uFEFF?\s*[[{]/.test(head.toString());
}
