import { createHash } from 'node:crypto';
import type { JsonPath } from '../../config/json-path.ts';
import type { AnswerFormat } from '../../config/source-answers.ts';
import type { CsvSettings } from '../../config/source-file.ts';
import { binaryKind } from '../file/binary-kind.ts';
import { TooManyHeldRowsError } from '../json/enclosing-fields.ts';
import { likelyList } from '../json/envelope.ts';
import { JsonSyntaxError } from '../json/json-syntax-error.ts';
import type { JsonSummary } from '../json/path-follower.ts';
import type { RowSearch } from '../json/row-search.ts';
import { HeaderNotFoundError, UnequalColumnsError } from '../json/row-shaper.ts';
import { DocumentLimitReachedError, documentBytes, scanRecords } from '../json/scan-records.ts';
import { readTable, TableSyntaxError } from './answers/csv.ts';
import { answerReader } from './answers/formats.ts';
import { NoFileError, takeFile } from './answers/parquet.ts';
import { unpacked } from './answers/unpacked.ts';
import { XmlSyntaxError, xmlAsJson } from './answers/xml.ts';
import type { ApiResponse } from './api-client.ts';
import { isKnownCharset, otherCharset, utf8Pieces } from './charset.ts';
import { UnknownCharsetError } from './errors.ts';
import { excerptOf } from './excerpt.ts';
import {
  AnswerFormatError,
  BinaryAnswerError,
  ColumnsUnequalError,
  DocumentTooLargeError,
  FieldsTooLateError,
  HeaderMissingError,
  NotJsonError,
  RowsNotFoundError,
} from './page-errors.ts';
import { PageRecords, type RowSink } from './page-records.ts';
import type { Redactor } from './redactor.ts';
import { wantSign } from './sign-findings.ts';
import { noSigns, readSigns, type Signs } from './signs.ts';
import { TruncatedBodyError } from './truncated-body-error.ts';

export interface PageContent {
  readonly rows: number;
  /** What the API counts: the elements of its list, whatever rows are taken from them. */
  readonly items: number;
  /** Whether `items` is known from the path to the rows; else it is the number of rows. */
  readonly itemsKnown: boolean;
  readonly bytes: number;
  readonly captures: ReadonlyMap<string, string>;
  readonly signs: Signs;
  /** What is thrown where the page has nothing at the place of its rows, and that is not how this API says "none". */
  readonly absent: RowsNotFoundError | undefined;
  /** Rows had names as members of an object, and nothing keeps these. */
  readonly namesLost: boolean;
  /** The page has items, and none of them has rows. */
  readonly hollow: boolean;
  /** SHA-256 of the page's lines, hex. */
  readonly digest: string;
  /** What tells the page from others: digests of its first rows, or of its body where rows are only a part of the items. */
  readonly seen: readonly string[];
  /** The names of columns that a first row had, as JSON. */
  readonly header: string | undefined;
  /** Stands for what the API sent: the digest of the lines, or of the body where rows are only a part of the items. */
  readonly identity: string;
}

/** What the configuration says of the bytes of responses. */
export interface AnswerSettings {
  readonly format?: AnswerFormat | undefined;
  readonly encoding?: string | undefined;
  readonly csv?: CsvSettings | undefined;
}

/** Every document of a text of many is a row. */
const everyDocument: RowSearch = { shown: '$', path: { text: '$', steps: [], lead: [] } };
/** Bytes kept of the start of a body, for messages. */
const headBytes = 4_096;

/**
 * Reads one response's rows into a sink, piece by piece.
 *
 * @param answer  what the configuration says of its bytes
 * @throws {DocumentTooLargeError} {NotJsonError} {AnswerFormatError} {TruncatedBodyError} {RowsNotFoundError}
 */
export async function readPage(
  response: ApiResponse,
  search: RowSearch,
  captures: Readonly<Record<string, JsonPath>>,
  sink: RowSink,
  redactor: Redactor,
  header: string | undefined,
  answer: AnswerSettings,
): Promise<PageContent> {
  await sink.restart();
  const { headers, status, url } = response;
  const page = new PageRecords(sink, search, header);
  // Pages whose items differ may give the same rows, or none.
  const body = takesParts(search) ? createHash('sha256') : undefined;
  if (status === 204 || status === 205) return { ...emptyPage, header };
  const contentType = headers['content-type'] ?? '';
  const reader = answerReader(answer.format, contentType);
  const { many = false, table } = reader;
  const rows = many && search.path === undefined ? everyDocument : search;
  let head: Buffer = Buffer.alloc(0);
  let bytes = 0;
  async function* pieces(): AsyncGenerator<Buffer> {
    for await (const piece of unpacked(response.body as AsyncIterable<Buffer>)) {
      if (head.length < headBytes) head = Buffer.concat([head, piece.subarray(0, headBytes - head.length)]);
      bytes += piece.length;
      body?.update(piece);
      yield piece;
    }
  }
  const charset = answer.encoding ?? otherCharset(contentType);
  if (charset !== undefined && !isKnownCharset(charset)) throw new UnknownCharsetError(response.shown, charset);
  const excerpt = (): string => excerptOf(new TextDecoder().decode(head), redactor);
  try {
    const text = charset === undefined || reader.from === 'xml' ? pieces() : utf8Pieces(pieces(), charset);
    if (reader.whole !== undefined) {
      const digest = await takeFile(pieces(), sink);
      const signs = readSigns({ members: [], headers: {}, status, url, rows: everyDocument, items: 0 });
      return { ...emptyPage, itemsKnown: false, bytes, signs, digest, identity: digest };
    }
    if (table !== undefined) {
      await readTable(text, answer.csv, table === 'tsv', { add: page.add, refuse: page.refuse, flush: sink.flush });
      const signs = readSigns({ members: [], headers, status, url, rows: everyDocument, items: page.rows });
      const { digest } = page;
      const counts = { rows: page.rows, items: page.rows, itemsKnown: true, bytes };
      return { ...emptyPage, ...counts, signs, digest, identity: body?.digest('hex') ?? digest };
    }
    const summary = await scanRecords(reader.from === 'xml' ? xmlAsJson(text, search.path?.steps, charset) : text, {
      rows,
      captures,
      many,
      onRecord: page.add,
      onEnclosed: page.add,
      afterPiece: sink.flush,
      wants: wantSign,
    });
    const notFound = (likely = likelyList(summary.envelope)): RowsNotFoundError =>
      rowsNotFound(response, rows, summary, likely, excerpt());
    if (page.mixed && search.path === undefined) throw notFound(`$[${page.firstArray - 1}][*]`);
    // A record of columns is as many items as it has rows, and one of names is none.
    const counted = many || search.shape?.columnar === true ? undefined : summary.items;
    const items = (counted ?? page.rows) - (counted === undefined ? 0 : page.headerRows);
    const found = summary.reached || many;
    const signs = readSigns({ members: summary.envelope.members, headers, status, url, rows, items });
    const { digest } = page;
    const bodyDigest = body?.digest('hex');
    return {
      rows: page.rows,
      items,
      itemsKnown: many || search.shape?.columnar === true || summary.items !== undefined,
      bytes,
      captures: summary.captures,
      signs: { ...signs, error: signs.error ?? page.errorSign },
      absent: found || summary.itemsReached ? undefined : notFound(),
      namesLost: page.members > 0 && search.nameMember === undefined,
      hollow: !found && summary.itemsReached && items > 0,
      digest,
      identity: bodyDigest ?? digest,
      seen: bodyDigest === undefined ? page.seen : [bodyDigest],
      header: page.header,
    };
  } catch (cause) {
    if (cause instanceof DocumentLimitReachedError) throw new DocumentTooLargeError(response.shown, documentBytes);
    if (cause instanceof XmlSyntaxError || cause instanceof TableSyntaxError || cause instanceof NoFileError) {
      const format = table ?? reader.whole ?? 'xml';
      throw new AnswerFormatError(response.shown, status, format, cause.message, excerpt());
    }
    if (cause instanceof TooManyHeldRowsError) throw new FieldsTooLateError(response.shown, documentBytes);
    if (cause instanceof HeaderNotFoundError) throw new HeaderMissingError(response.shown);
    if (cause instanceof UnequalColumnsError) throw new ColumnsUnequalError(response.shown, rows.shown);
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    const cutOff = charset === undefined && cause.offset === bytes && bytes > 0 && looksLikeJson(head);
    if (cutOff) throw new TruncatedBodyError(bytes);
    const kind = binaryKind(head);
    if (kind !== undefined) throw new BinaryAnswerError(response.shown, status, kind);
    const found = bytes === 0 ? 'the body is empty' : `byte ${cause.offset}: ${cause.found}`;
    throw new NotJsonError(response.shown, status, contentType, found, excerpt());
  }
}

/** A page that has nothing at all. */
export const emptyPage: PageContent = {
  rows: 0,
  items: 0,
  itemsKnown: true,
  bytes: 0,
  captures: new Map(),
  signs: noSigns,
  absent: undefined,
  namesLost: false,
  hollow: false,
  digest: createHash('sha256').digest('hex'),
  identity: '',
  header: undefined,
  seen: [],
};

/** Whether rows are parts of items, or some of them: the path goes on, or filters, behind the list. */
function takesParts({ path }: RowSearch): boolean {
  if (path === undefined) return false;
  return path.steps === undefined || path.steps.length > (path.lead?.length ?? 0) + 1;
}

function rowsNotFound(
  response: ApiResponse,
  rows: RowSearch,
  { rootKind, rootNames }: JsonSummary,
  likely: string | undefined,
  excerpt: string,
): RowsNotFoundError {
  return new RowsNotFoundError(response.shown, rows.shown, rootKind, rootNames, likely, excerpt);
}

function looksLikeJson(head: Buffer): boolean {
  return /^\uFEFF?\s*[[{]/.test(head.toString());
}
