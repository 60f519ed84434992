import { ownValue } from '../../own-value.ts';
import { type ColumnType, columnType, decimalOf } from './column-type.ts';

/** The PostgreSQL type of a column of Parquet or of a rule's result, by DuckDB's name of its type. */
export function ownType(duckType: string): ColumnType {
  const decimal = decimalOf(duckType);
  if (decimal !== undefined) {
    return columnType(`numeric(${decimal.digits},${decimal.scale})`);
  }
  return columnType(ownValue(own, duckType) ?? (/\]$|^(STRUCT|MAP|UNION)\(/.test(duckType) ? 'jsonb' : 'text'));
}

const own: Readonly<Record<string, string>> = {
  BOOLEAN: 'boolean',
  TINYINT: 'smallint',
  UTINYINT: 'smallint',
  SMALLINT: 'smallint',
  USMALLINT: 'integer',
  INTEGER: 'integer',
  UINTEGER: 'bigint',
  BIGINT: 'bigint',
  UBIGINT: 'numeric(20,0)',
  HUGEINT: 'numeric(39,0)',
  UHUGEINT: 'numeric(39,0)',
  FLOAT: 'real',
  DOUBLE: 'double precision',
  DATE: 'date',
  TIME: 'time',
  TIMESTAMP: 'timestamp',
  TIMESTAMP_S: 'timestamp',
  TIMESTAMP_MS: 'timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamptz',
  TIMESTAMPTZ: 'timestamptz',
  UUID: 'uuid',
  JSON: 'jsonb',
  BLOB: 'bytea',
};

/** A SQL expression: the text of a value of this DuckDB type, as PostgreSQL would take it. */
export function ownText(value: string, duckType: string): string {
  if (duckType === 'BLOB') {
    return `'\\x' || lower(hex(${value}))`;
  }
  return /\]$|^(STRUCT|MAP|UNION)\(/.test(duckType) ? `to_json(${value})::VARCHAR` : `${value}::VARCHAR`;
}
