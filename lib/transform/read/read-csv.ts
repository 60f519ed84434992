import { join } from 'node:path';
import type { CsvDialect } from '../../manifest.ts';
import type { CsvScan } from './csv-scan.ts';
import type { LocalPart } from './local-part.ts';
import { countRows, writeRawRows } from './raw-file.ts';
import type { RawPartRows, RawRows } from './raw-rows.ts';
import type { ReadContext } from './read-context.ts';
import { type ScanArgs, scanCsv } from './scan-csv.ts';
import { dialectOf, placeColumns, selectPart } from './select-csv.ts';

/**
 * Reads CSV parts: columns are the union of the headers in first-seen order; a part without a column has no values in
 * it. A header that has a name twice keeps both columns. Every good record becomes exactly one row, or this throws.
 *
 * @throws {RowsUnaccountedError} when DuckDB finds another number of records than the walk over the bytes did
 */
export async function readCsv(parts: readonly LocalPart[], context: ReadContext): Promise<RawRows> {
  const { scanned, scratchDir, session, unreadable } = context;
  const scans: { readonly scan: CsvScan; readonly dialect: CsvDialect; readonly columns: readonly number[] }[] = [];
  const sourceNames: string[] = [];
  const rawParts: RawPartRows[] = [];
  let rows = 0;
  for (const [index, part] of parts.entries()) {
    unreadable.from(part.source);
    const scan = scanned ?? (await scanCsv(scanOf(part, index, context)));
    scans.push({ scan, dialect: dialectOf(part), columns: placeColumns(scan.names ?? [], sourceNames) });
    rawParts.push({ source: part.source, base: rows, lines: scan.lines });
    rows += scan.records;
  }
  const columns = sourceNames.map((sourceName) => ({ sourceName, duckType: 'VARCHAR' }));
  const selects = scans.flatMap(({ scan, dialect, columns: places }) =>
    scan.records === 0 ? [] : [selectPart(scan, dialect, places, sourceNames.length)],
  );
  const relation = await writeRawRows(session, join(scratchDir, 'raw.parquet'), selects, columns);
  await countRows(session, relation, rows, 'Reading the CSV');
  return { kind: 'text', relation, columns, rows, parts: rawParts };
}

/** How the bytes of a part are walked over. */
export function scanOf(part: LocalPart, index: number, { scratchDir, signal, unreadable }: ReadContext): ScanArgs {
  const copyPath = join(scratchDir, `good-${index}.csv`);
  return { path: part.path, copyPath, source: part.source, dialect: dialectOf(part), unreadable, signal };
}
