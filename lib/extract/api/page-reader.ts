import { isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import type { JsonPath } from '../../config/json-path.ts';
import { JsonSyntaxError } from '../json/json-syntax-error.ts';
import type { JsonSummary } from '../json/path-follower.ts';
import { recordLine, recordProblem } from '../json/record-line.ts';
import type { RowSearch } from '../json/row-search.ts';
import { DocumentLimitReachedError, documentBytes, scanRecords } from '../json/scan-records.ts';
import type { ApiResponse } from './api-client.ts';
import { DocumentTooLargeError, NotJsonError, RowsNotFoundError } from './errors.ts';
import { excerptOf } from './excerpt.ts';
import type { Redactor } from './redactor.ts';
import { TruncatedBodyError } from './truncated-body-error.ts';

/** Where a page's rows go, line by line, in the order they came. */
export interface RowSink {
  /** Forgets the page so far: it is being asked for again. */
  readonly restart: () => Promise<void>;
  /** One NDJSON line, valid UTF-8, ending in a line feed; `ordinal` as below. False: enough rows, the rest of the page is left out. */
  readonly row: (line: Buffer, ordinal: number) => boolean;
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

/** Every document of a text of many is a row. */
const everyDocument: RowSearch = { shown: '$', path: { text: '$', steps: [] } };
/** Bytes kept of the start of a body, for messages. */
const headBytes = 4_096;

/** Reads one response's rows into a sink, piece by piece. */
export async function readPage(
  response: ApiResponse,
  search: RowSearch,
  captures: Readonly<Record<string, JsonPath>>,
  sink: RowSink,
  redactor: Redactor,
): Promise<PageContent> {
  await sink.restart();
  const page = new PageRecords(sink);
  if (response.status === 204 || response.status === 205) return page.content(0, new Map());
  const contentType = response.headers['content-type'] ?? '';
  const many = /ndjson|jsonl|json-seq|jsonlines/i.test(contentType);
  const rows = many && search.path === undefined ? everyDocument : search;
  let head: Buffer = Buffer.alloc(0);
  let bytes = 0;
  async function* pieces(): AsyncGenerator<Buffer> {
    for await (const piece of response.body as AsyncIterable<Buffer>) {
      if (head.length < headBytes) head = Buffer.concat([head, piece.subarray(0, headBytes - head.length)]);
      bytes += piece.length;
      yield piece;
    }
  }
  const excerpt = (): string => excerptOf(new TextDecoder().decode(head), redactor);
  try {
    const summary = await scanRecords(pieces(), {
      rows,
      captures,
      many,
      onRecord: page.add,
      afterPiece: sink.flush,
    });
    if (!summary.reached && !many) throw notFound(response, rows, summary, excerpt());
    return page.content(bytes, summary.captures);
  } catch (cause) {
    if (cause instanceof DocumentLimitReachedError) throw new DocumentTooLargeError(response.shown, documentBytes);
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    const cutOff = cause.offset === bytes && bytes > 0 && looksLikeJson(head);
    if (cutOff) throw new TruncatedBodyError(bytes);
    const found = bytes === 0 ? 'the body is empty' : `byte ${cause.offset}: ${cause.found}`;
    throw new NotJsonError(response.shown, response.status, contentType, found, excerpt());
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
    const line = isUtf8(raw) ? recordLine(raw) : undefined;
    if (line === undefined) {
      this.#sink.reject(raw, this.#ordinal, recordProblem(raw));
      this.#hash.update(raw);
      return;
    }
    this.#hash.update(line);
    this.#open = this.#sink.row(line, this.#ordinal);
  };

  content(bytes: number, captures: ReadonlyMap<string, string>): PageContent {
    return { rows: this.#ordinal, bytes, captures, digest: this.#hash.digest('hex') };
  }
}

function notFound(response: ApiResponse, rows: RowSearch, summary: JsonSummary, excerpt: string): RowsNotFoundError {
  return new RowsNotFoundError(response.shown, rows.shown, summary.rootKind, summary.rootNames, excerpt);
}

function looksLikeJson(head: Buffer): boolean {
  return /^\uFEFF?\s*[[{]/.test(head.toString());
}
