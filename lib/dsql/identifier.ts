import { TerminalError } from '../errors.ts';
import { maxIdentifierBytes } from '../limits.ts';

/** A name of a table or column is longer than PostgreSQL keeps. */
export class IdentifierTooLongError extends TerminalError {
  override readonly name = 'IdentifierTooLongError';
  readonly code = 'identifier_too_long';

  constructor(identifier: string) {
    super(
      `The name "${identifier}" has ${Buffer.byteLength(identifier)} bytes; PostgreSQL keeps ${maxIdentifierBytes}. Choose a shorter one.`,
    );
  }
}

/** Quotes a name for SQL, whatever it contains. @throws {IdentifierTooLongError} over 63 bytes, which PostgreSQL would cut */
export function quoteIdentifier(name: string): string {
  if (Buffer.byteLength(name) > maxIdentifierBytes) throw new IdentifierTooLongError(name);
  return `"${name.replaceAll('"', '""')}"`;
}

/** A table as the configuration names it. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** `users` is in `public`; `sales.orders` in `sales`. */
export function parseTableName(text: string): TableName {
  const [first = '', second] = text.split('.');
  return second === undefined ? { schema: 'public', table: first } : { schema: first, table: second };
}

/** Every way in which a configuration may write the name of the same table. */
export function tableSpellings(text: string): readonly string[] {
  const { schema, table } = parseTableName(text);
  return schema === 'public' ? [table, `public.${table}`] : [`${schema}.${table}`];
}

export function quoteTable(name: TableName): string {
  return `${quoteIdentifier(name.schema)}.${quoteIdentifier(name.table)}`;
}
