import { regclass } from '../sql/quote.ts';
import type { TableName } from '../sql/statement.ts';

/** What the accounting of a transaction needs to know of a table. */
export interface Facts {
  /** Indexes besides the primary key. */
  readonly indexes: number;
  /** Share of a row's columns that are in an index, summed over the indexes. */
  readonly indexedShare: number;
  /** How many times larger than the message a stored value may be: by jsonb's format, defaults, generated columns. */
  readonly growth: number;
  /** Columns whose values count with their size before compression. */
  readonly hasBytea: boolean;
  /** Changing its rows may change rows of other tables. */
  readonly cascades: boolean;
}

/**
 * Bytes DSQL accounts besides a row's own, fitted to two live measurements: 500 rows fill 10 MiB at 9.93 MiB of raw data
 * without an index, and at 9.11 MiB with four indexes on keys of 100 bytes.
 */
const rowOverhead = 147;
const indexEntryOverhead = 330;

const none: Facts = { indexes: 0, indexedShare: 0, cascades: false, growth: 1, hasBytea: false };

/** A table as `schema.table`; one without a schema is taken for public's. */
export function tableKey({ schema, table }: TableName): string {
  return `${schema || 'public'}.${table}`;
}

/** Remembers facts of tables until DDL changes any. */
export class TableFacts {
  private readonly known = new Map<string, Promise<Facts>>();
  private readonly ask: (query: string) => Promise<string | undefined>;

  constructor(ask: (query: string) => Promise<string | undefined>) {
    this.ask = ask;
  }

  forget(): void {
    this.known.clear();
  }

  facts(table: TableName): Promise<Facts> {
    return this.factsOf(tableKey(table));
  }

  /** Bytes a transaction modified, with index entries and DSQL's overheads. */
  async accountedBytes(
    written: ReadonlyMap<string, { readonly rows: number; readonly bytes: number }>,
  ): Promise<number> {
    let total = 0;
    for (const [table, { rows, bytes }] of written) {
      if (rows === 0) continue;
      const { indexes, indexedShare } = await this.factsOf(table);
      total += bytes + rows * (rowOverhead + indexes * indexEntryOverhead) + bytes * indexedShare;
    }
    return total;
  }

  private factsOf(key: string): Promise<Facts> {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const facts = this.look(key).catch(() => none);
    this.known.set(key, facts);
    return facts;
  }

  private async look(key: string): Promise<Facts> {
    const dot = key.indexOf('.');
    const table = regclass(key.slice(0, dot), key.slice(dot + 1));
    const value = await this.ask(factsQuery.replaceAll('$1', () => table));
    const [indexes, share, cascades, growth, bytea] = (value ?? '').split(',');
    return {
      indexes: Number(indexes),
      indexedShare: Number(share),
      cascades: cascades === 'true',
      growth: Number(growth ?? 1),
      hasBytea: bytea === 'true',
    };
  }
}

/**
 * Must lock no table: it would wait behind DDL that itself waits for the statement on whose behalf it is asked. Given the
 * table, pg_get_expr locks it; without, it takes no expression that names a column, as those of generated columns do.
 */
const factsQuery = `SELECT concat_ws(',',
  (SELECT count(*) FROM pg_index WHERE indrelid = $1 AND NOT indisprimary),
  (SELECT coalesce(sum(indnkeyatts), 0) FROM pg_index WHERE indrelid = $1 AND NOT indisprimary)::float8
    / greatest(1, (SELECT count(*) FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped)),
  EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = $1
    AND (confdeltype IN ('c', 'n', 'd') OR confupdtype IN ('c', 'n', 'd')))::text,
  (SELECT CASE WHEN bool_or(CASE WHEN a.attgenerated <> '' THEN adbin::text !~ '^\\{VAR '
      ELSE pg_get_expr(adbin, 0) ~ '[(|]' AND pg_get_expr(adbin, 0) !~ '^(now|gen_random_uuid|nextval)\\(' END)
    THEN 1000000000 WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = $1 AND atttypid = 'jsonb'::regtype) THEN 16 ELSE 1 END
    FROM pg_attrdef JOIN pg_attribute a ON a.attrelid = adrelid AND a.attnum = adnum WHERE adrelid = $1),
  EXISTS (SELECT FROM pg_attribute WHERE attrelid = $1 AND atttypid = 'bytea'::regtype)::text)`;

/** Adds up the sizes a measured statement returned. */
export class RowSizes {
  total = 0;

  add(chunk: Buffer, start: number): void {
    this.total += sizeCell(chunk, start);
  }
}

/** The first value of a DataRow, as text; undefined is null. */
export function textCell(chunk: Buffer, start: number): string | undefined {
  const length = chunk.readInt32BE(start + 7);
  return length < 0 ? undefined : chunk.toString('utf8', start + 11, start + 11 + length);
}

/** A bigint in whichever format the client asked for; as binary it begins with a zero byte, as text with a digit. */
function sizeCell(chunk: Buffer, start: number): number {
  return chunk[start + 11] === 0 ? Number(chunk.readBigInt64BE(start + 11)) : Number(textCell(chunk, start));
}
