import { join } from 'node:path';
import type { CsvDialect } from '../../manifest.ts';
import type { CsvScan } from './csv-scan.ts';
import type { LocalPart } from './local-part.ts';
import type { FieldPlaces, OpenedParts } from './opened-parts.ts';
import { countRows, writeRawRows } from './raw-file.ts';
import type { RawPartRows, RawRows } from './raw-rows.ts';
import type { ReadContext } from './read-context.ts';
import { type ScanArgs, scanCsv } from './scan-csv.ts';
import { dialectOf, selectPart } from './select-csv.ts';

/**
 * Finds the records of CSV parts. A part without a column has no values in it. A header that has a name twice keeps both
 * columns. Every good record becomes exactly one row, or writing them throws.
 *
 * @throws {RowsUnaccountedError} when DuckDB finds another number of records than the walk over the bytes did
 */
export async function openCsv(parts: readonly LocalPart[], context: ReadContext): Promise<OpenedParts> {
  const { scanned, scratchDir, session, unreadable } = context;
  const scans: { readonly scan: CsvScan; readonly dialect: CsvDialect; readonly bytes: number }[] = [];
  const rawParts: RawPartRows[] = [];
  let rows = 0;
  for (const [index, part] of parts.entries()) {
    unreadable.from(part.source);
    const scan = scanned ?? (await scanCsv(scanOf(part, index, context)));
    scans.push({ scan, dialect: dialectOf(part), bytes: part.bytes });
    rawParts.push({ source: part.source, base: rows, lines: scan.lines });
    rows += scan.records;
  }
  const write = async ({ columns, places }: FieldPlaces): Promise<RawRows> => {
    const selects = scans.map(({ bytes, dialect, scan }, index) => ({
      sql: selectPart(scan, dialect, places[index] ?? [], columns.length),
      rows: scan.records,
      bytes,
    }));
    const relation = await writeRawRows(session, scratchDir, selects, columns);
    await countRows(session, relation, rows, 'Reading the CSV');
    return { kind: 'text', relation, columns, rows, parts: rawParts };
  };
  return {
    kind: 'text',
    rows,
    parts: rawParts,
    fields: scans.map(({ scan }) => ({ names: scan.names ?? [] })),
    walked: scans.map(({ scan }) => ({ bytes: scan.end, lines: scan.linesRead })),
    holds: async () => true,
    write,
  };
}

/** How the bytes of a part are walked over. */
export function scanOf(part: LocalPart, index: number, { scratchDir, signal, unreadable }: ReadContext): ScanArgs {
  const copyPath = join(scratchDir, `good-${index}.csv`);
  const { path, slice, source } = part;
  return { path, copyPath, source, dialect: dialectOf(part), unreadable, signal, slice };
}
