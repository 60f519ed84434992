import type { JsonPath } from '../../config/json-path.ts';
import type { OnRecord } from './captures.ts';
import { documentTree, needsDocument } from './document-tree.ts';
import { EnclosingFields } from './enclosing-fields.ts';
import type { WantMember } from './envelope.ts';
import { JsonScanner } from './json-scanner.ts';
import type { JsonSummary } from './path-follower.ts';
import { type RowSearch, searchTree } from './row-search.ts';

/** What of a document that a path cannot be followed through piece by piece may be held in memory. */
export const documentBytes = 64 * 1024 * 1024;

/** A path needs the whole document at hand, and that is too large. For the reader, who knows which source it was. */
export class DocumentLimitReachedError extends Error {
  override readonly name = 'DocumentLimitReachedError';
}

export interface ScanOptions {
  readonly rows: RowSearch;
  readonly captures: Readonly<Record<string, JsonPath>>;
  readonly onRecord: OnRecord;
  /** Called after each piece, so that records need not pile up. */
  readonly afterPiece: () => Promise<void>;
  /** Several documents may follow each other. */
  readonly many?: boolean | undefined;
  /** Which members outside of the records are kept. */
  readonly wants?: WantMember | undefined;
  /** Told each record with the fields of what it lies in, in place of `onRecord`. */
  readonly onEnclosed?: ((raw: Buffer, member: string | undefined, values: readonly string[]) => void) | undefined;
}

/**
 * Finds the records of a JSON text that comes in pieces. Paths of names, indexes and wildcards are followed through the
 * pieces as they come; for others the document is held, up to `documentBytes`.
 *
 * @throws {JsonSyntaxError} {DocumentLimitReachedError}
 */
export async function scanRecords(pieces: AsyncIterable<Buffer>, options: ScanOptions): Promise<JsonSummary> {
  const { afterPiece, captures, many = false, onEnclosed, onRecord, rows, wants } = options;
  const { fields = [] } = rows;
  const enclosing =
    onEnclosed === undefined || fields.length === 0
      ? undefined
      : (texts: Map<string, string>) => new EnclosingFields(fields, texts, onEnclosed, documentBytes);
  if (!needsDocument(rows, captures)) {
    const scanner = new JsonScanner(searchTree(rows, captures), onRecord, { many, wants, enclosing });
    for await (const piece of pieces) {
      scanner.write(piece);
      await afterPiece();
    }
    return scanner.end();
  }
  const held: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > documentBytes) throw new DocumentLimitReachedError();
    held.push(piece);
    await afterPiece();
  }
  const document = Buffer.concat(held);
  const scanner = new JsonScanner(documentTree(document, rows, captures), onRecord, { wants, enclosing });
  scanner.write(document);
  const summary = scanner.end();
  await afterPiece();
  // A filter that lets nothing through is no sign that the path is wrong.
  const byFilter = rows.path !== undefined && rows.path.steps === undefined;
  return byFilter ? { ...summary, reached: true } : summary;
}
