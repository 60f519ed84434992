import { ownValue } from '../../own-value.ts';
/** A PostgreSQL type, taken apart. */
export interface ColumnType {
  readonly kind:
    | 'smallint'
    | 'integer'
    | 'bigint'
    | 'real'
    | 'double'
    | 'numeric'
    | 'boolean'
    | 'text'
    | 'varchar'
    | 'date'
    | 'time'
    | 'timestamp'
    | 'timestamptz'
    | 'uuid'
    | 'jsonb'
    | 'bytea'
    | 'other';
  /** As it stands in CREATE TABLE. */
  readonly pg: string;
  /** DuckDB's type of the column in clean Parquet files; VARCHAR where DuckDB has none that holds every value. */
  readonly duck: string;
  /** Digits of a numeric: all, and those behind the point. */
  readonly precision?: number;
  readonly scale?: number;
  /** Digits of seconds behind the point, where a time or timestamp holds fewer than six. */
  readonly fraction?: number;
  /** Most characters of a varchar(n). */
  readonly length?: number;
}

/** Digits of DuckDB's widest DECIMAL. */
export const maxDuckDigits = 38;
/** Digits of DSQL's widest numeric. */
export const maxNumericDigits = 1000;

const simple: Readonly<Record<string, Pick<ColumnType, 'kind' | 'duck'>>> = {
  smallint: { kind: 'smallint', duck: 'SMALLINT' },
  integer: { kind: 'integer', duck: 'INTEGER' },
  bigint: { kind: 'bigint', duck: 'BIGINT' },
  real: { kind: 'real', duck: 'FLOAT' },
  'double precision': { kind: 'double', duck: 'DOUBLE' },
  boolean: { kind: 'boolean', duck: 'BOOLEAN' },
  text: { kind: 'text', duck: 'VARCHAR' },
  date: { kind: 'date', duck: 'DATE' },
  time: { kind: 'time', duck: 'TIME' },
  timestamp: { kind: 'timestamp', duck: 'TIMESTAMP' },
  timestamptz: { kind: 'timestamptz', duck: 'TIMESTAMPTZ' },
  uuid: { kind: 'uuid', duck: 'UUID' },
  jsonb: { kind: 'jsonb', duck: 'JSON' },
  json: { kind: 'jsonb', duck: 'JSON' },
  bytea: { kind: 'bytea', duck: 'VARCHAR' },
};

const aliases: Readonly<Record<string, string>> = {
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  'time without time zone': 'time',
  int: 'integer',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  bool: 'boolean',
};

/**
 * Reads a type as a `columns:` block declares it or as `format_type` prints it. A bare `numeric` is what DSQL makes of
 * it: numeric(18,6). A type that is not known travels as text, and the database decides.
 */
export function columnType(pg: string): ColumnType {
  const name = ownValue(aliases, pg) ?? pg;
  const known = ownValue(simple, name);
  if (known !== undefined) {
    return { ...known, pg };
  }
  const numeric = /^(?:numeric|decimal)(?:\((\d+)(?:,\s*(\d+))?\))?$/.exec(name);
  if (numeric !== null) {
    const precision = Number(numeric[1] ?? 18);
    const scale = Number(numeric[2] ?? (numeric[1] === undefined ? 6 : 0));
    const duck = precision <= maxDuckDigits ? `DECIMAL(${precision},${scale})` : 'VARCHAR';
    return { kind: 'numeric', pg, duck, precision, scale };
  }
  const varchar = /^(?:varchar|character varying|character|char|bpchar)(?:\((\d+)\))?$/.exec(name);
  if (varchar !== null) {
    const length = varchar[1] === undefined ? undefined : Number(varchar[1]);
    return { kind: 'varchar', pg, duck: 'VARCHAR', ...(length === undefined ? {} : { length }) };
  }
  const temporal = /^(timestamptz|timestamp|time) ?\(([0-6])\)( with(?:out)? time zone)?$/.exec(name);
  const whole = temporal === null ? undefined : columnType(`${temporal[1]}${temporal[3] ?? ''}`);
  if (whole !== undefined && whole.kind !== 'other') {
    return { ...whole, pg, ...(temporal?.[2] === '6' ? {} : { fraction: Number(temporal?.[2]) }) };
  }
  return { kind: 'other', pg, duck: 'VARCHAR' };
}

/** Digits of a DECIMAL by DuckDB's name of the type: all, and those behind the point; undefined for another type. */
export function decimalOf(duckType: string): { readonly digits: number; readonly scale: number } | undefined {
  const [, digits, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(duckType) ?? [];
  return digits === undefined ? undefined : { digits: Number(digits), scale: Number(scale) };
}

/** Whether a missing value becomes the empty text under `blank_text: empty`. */
export function isText(type: ColumnType): boolean {
  return type.kind === 'text' || type.kind === 'varchar';
}
