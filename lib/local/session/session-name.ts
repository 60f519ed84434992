import { quoteName } from '../sql/quote.ts';
import type { TableName } from '../sql/statement.ts';

/** A table's name as PostgreSQL takes it within the session's own search path. */
export function sessionName({ schema, table }: TableName): string {
  return schema === '' ? quoteName(table) : `${quoteName(schema)}.${quoteName(table)}`;
}
