import type { Statements } from '../dsql/sql.ts';
import { catalogSchemas, serviceTableNames } from '../service-names.ts';

/** A table or view that the database has. */
export interface ListedTable {
  /** As a configuration names it: without `public`. */
  readonly name: string;
  readonly columns: number;
  /** Kept by the service for itself. */
  readonly service: boolean;
}

/** Tables and views outside the database's own catalog, those of the service last. */
export async function listTables(sql: Statements): Promise<readonly ListedTable[]> {
  const rows = await sql.unsafe<{ readonly schema: string; readonly name: string; readonly columns: string }[]>(
    `SELECT n.nspname AS schema, c.relname AS name, count(a.attnum) AS columns
       FROM pg_catalog.pg_class c
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
      WHERE c.relkind IN ('r', 'p', 'v') AND a.attnum > 0 AND NOT a.attisdropped
        AND n.nspname <> ALL($1::text[]) AND n.nspname NOT LIKE 'pg\\_%'
      GROUP BY 1, 2 ORDER BY 1, 2`,
    [`{${catalogSchemas.join(',')}}`],
  );
  const tables = rows.map(({ columns, name, schema }) => ({
    name: schema === 'public' ? name : `${schema}.${name}`,
    columns: Number(columns),
    service: schema === 'public' && serviceTableNames.includes(name),
  }));
  return tables.sort((a, b) => Number(a.service) - Number(b.service));
}
