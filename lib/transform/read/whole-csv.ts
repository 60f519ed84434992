import type { CsvScan } from './csv-scan.ts';
import type { LocalPart } from './local-part.ts';
import { rowHash } from './raw-file.ts';
import type { RawRows } from './raw-rows.ts';
import type { ReadContext } from './read-context.ts';
import { scanOf } from './read-csv.ts';
import { scanCsv } from './scan-csv.ts';
import { dialectOf, leastRoom, placeColumns, roomFor, selectPart } from './select-csv.ts';
import { skimCsv } from './skim-csv.ts';

/** Smaller files are walked over so fast that there is nothing to gain. */
const leastBytes = 8 << 20;

/** The fields of a file that DuckDB can read as it stands, if all of its records are good. */
export interface WholeFields {
  /** A relation of the fields, `c0`, `c1`, …, in the order of the file. */
  readonly fields: string;
  readonly names: readonly string[];
}

/** A single large CSV file whose bytes are walked over in the background. */
export interface WholeCsv {
  /** Resolves when the header is known; undefined where DuckDB cannot read the file as it stands. Never rejects. */
  readonly header: Promise<WholeFields | undefined>;
  /** Resolves when the walk has ended. Rejects as `scanCsv` does. */
  readonly walked: Promise<WalkedCsv>;
}

/** What the walk has found. */
export interface WalkedCsv {
  /** The rows, read from the file itself, where every record is good; to be compared with what DuckDB has read. */
  readonly raw: RawRows | undefined;
  /** What is known of the records, where they were looked at one by one. */
  readonly scan: CsvScan | undefined;
}

/** Begins to walk over the bytes; undefined where the source is not one large CSV file. The caller awaits `walked`. */
export function walkWholeCsv(parts: readonly LocalPart[], context: ReadContext): WholeCsv | undefined {
  const [part] = parts;
  if (part === undefined || parts.length > 1 || part.format !== 'csv') return undefined;
  if (part.bytes < leastBytes || part.source_column !== undefined) return undefined;
  if ((part.partitions ?? []).length > 0) return undefined;
  const dialect = dialectOf(part);
  let resolve: (header: WholeFields | undefined) => void = () => undefined;
  const header = new Promise<WholeFields | undefined>((resolved) => {
    resolve = resolved;
  });
  let fields = '';
  const onHeader = (names: readonly string[]): void => {
    const file = { path: part.path, header: dialect.header, longest: 0, innerLines: false };
    fields = `(${selectPart(file, dialect, placeColumns(names, []), names.length)})`;
    resolve({ fields, names });
  };
  const walk = async (): Promise<WalkedCsv> => {
    const skimmed = await skimCsv({ path: part.path, dialect, onHeader, signal: context.signal });
    if (skimmed !== undefined) return { raw: wholeRows(part, fields, skimmed), scan: undefined };
    context.unreadable.from(part.source);
    const scan = await scanCsv({ ...scanOf(part, 0, context), onHeader });
    return { raw: wholeRows(part, fields, scan), scan };
  };
  return { header, walked: walk().finally(() => resolve(undefined)) };
}

/** The rows of the file as it stands; undefined where it cannot be read so, with the least room and by several threads. */
function wholeRows(part: LocalPart, fields: string, scan: CsvScan): RawRows | undefined {
  const { names, records } = scan;
  const asItStands = scan.direct && records > 0 && !scan.innerLines && roomFor(scan) === leastRoom;
  if (!asItStands || names === undefined || fields === '') return undefined;
  const list = `row_number() OVER () AS o, ${rowHash(names.length)} AS h, *`;
  return {
    kind: 'text',
    relation: `(SELECT ${list} FROM ${fields})`,
    columns: names.map((sourceName) => ({ sourceName, duckType: 'VARCHAR' })),
    rows: records,
    parts: [{ source: part.source, base: 0, lines: scan.lines }],
  };
}
