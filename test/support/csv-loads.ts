import type { RunResult } from '../../lib/run/result.ts';
import type { InProcess } from './in-process.ts';

/** Loads of CSV files into tables, each by a pipeline of its own. */
export interface CsvLoads {
  /** Writes the configuration of a pipeline that loads a file into a table. */
  readonly configure: (table: string, settings: string, file?: string) => void;
  readonly load: (table: string, settings: string, content: string) => Promise<RunResult | undefined>;
  readonly ask: (query: string) => Promise<readonly Record<string, unknown>[]>;
  /** Types by column, without the times of the service. */
  readonly columnsOf: (table: string) => Promise<Record<string, unknown>>;
  /** The rows in the order of their first two values, each as `1:a`. */
  readonly rowsOf: (table: string, columns: string) => Promise<readonly string[]>;
}

export function csvLoads(space: InProcess): CsvLoads {
  const configure = (table: string, settings: string, file = `${table}.csv`): void => {
    const pipeline = `{ source_type: file, file_path: ${file}, target_table: ${table}, ${settings} }`;
    space.write('etl.yaml', `pipelines: { p_${table}: ${pipeline} }`);
  };
  // A connection that has not seen that a run has changed a table is refused once.
  const ask = async (query: string): Promise<readonly Record<string, unknown>[]> =>
    await space.sql(query).catch(async () => await space.sql(query));
  return {
    configure,
    ask,
    load: async (table, settings, content) => {
      configure(table, settings);
      space.write(`${table}.csv`, content);
      return (await space.run())[0];
    },
    columnsOf: async (table) => {
      const rows = await ask(
        `SELECT column_name AS name, data_type AS type FROM information_schema.columns
          WHERE table_name = '${table}' ORDER BY ordinal_position`,
      );
      const own = rows.filter(({ name }) => !/_at$/.test(String(name)));
      return Object.fromEntries(own.map(({ name, type }) => [String(name), type]));
    },
    rowsOf: async (table, columns) => {
      const rows = await ask(`SELECT ${columns} FROM ${table} ORDER BY 1, 2`);
      return rows.map((row) => Object.values(row).join(':'));
    },
  };
}
