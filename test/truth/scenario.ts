/** The literal of a JSON value (`12`, `"007"`, `{"a":1}`), or null where the row has no value. */
export type Cell = string | null;

/** A row of the source. */
export interface SourceRow {
  readonly cells: Readonly<Record<string, Cell>>;
  /** Which of the step's files has it. */
  readonly file: number;
  /** A line with a field too many, which no reader can take; of CSV alone. */
  readonly ragged?: boolean;
}

export type LoadMode = 'insert' | 'upsert' | 'replace';

/** What differs between the runs of one scenario. */
export interface Step {
  readonly rows: readonly SourceRow[];
  /** Columns of the source, in their order; those of CSV are its header, also where there are no rows. */
  readonly columns: readonly string[];
  readonly files: number;
  readonly again?: boolean;
  readonly force?: boolean;
  /** What somebody does to the target table before the run. */
  readonly before?: 'drop' | 'rename';
  /** Name of the target table within the scenario. */
  readonly table: 'a' | 'b';
  /** A business rule: rows whose `id` is not greater are left out. */
  readonly idsAbove?: number;
  /** A business rule: rows whose `id` is not less are rejected. */
  readonly idsBelow?: number;
  /** Declared types, by column. */
  readonly declared?: Readonly<Record<string, 'bigint' | 'text' | 'date'>>;
}

/** Somebody else's table, as it stands before the first run; its key columns are its primary key. */
export interface ForeignTable {
  /** Types by column. */
  readonly types: Readonly<Record<string, string>>;
  /** Values as the database reads them. */
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** What the configuration makes of the columns and lists of a source, in every run of a scenario. */
export interface Shape {
  /** A column that `exclude` names. */
  readonly excluded?: string | undefined;
  /** A column that `columns` gives another name. */
  readonly renamed?: { readonly from: string; readonly to: string } | undefined;
  /** A column of texts with a default. */
  readonly fallback?: { readonly column: string; readonly value: string } | undefined;
  /** The column `list` is a list of which each element is a row. */
  readonly exploded?: 'keep' | 'filter' | undefined;
}

/** A pipeline and its source over some days. */
export interface Scenario {
  readonly source: 'csv' | 'ndjson' | 'json' | 'api';
  readonly mode: LoadMode;
  readonly keys: readonly string[];
  /** The API gives what is new since the watermark, by the column `changed`. */
  readonly incremental?: boolean;
  readonly keepRepeated?: boolean;
  readonly foreign?: ForeignTable;
  readonly shape?: Shape;
  readonly steps: readonly Step[];
}

/** The characters of a value, as CSV has them. */
export function textOf(cell: string): string {
  return cell.startsWith('"') ? String(JSON.parse(cell)) : cell;
}

/** The files of a step, by name; of an API its items as one JSON document. */
export function filesOf({ source }: Scenario, step: Step): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (let file = 0; file < step.files; file += 1) {
    const rows = step.rows.filter((row) => row.file === file);
    files.set(`day-${file}.${source === 'api' ? 'json' : source}`, contentOf(source, step.columns, rows));
  }
  return files;
}

function contentOf(source: Scenario['source'], columns: readonly string[], rows: readonly SourceRow[]): string {
  if (source === 'csv') {
    const lines = rows.map((row) => {
      const fields = columns.map((column) => fieldOf(row.cells[column] ?? null));
      return [...fields, ...(row.ragged === true ? ['one', 'more'] : [])].join(',');
    });
    return [columns.join(','), ...lines].map((line) => `${line}\n`).join('');
  }
  const objects = rows.map(
    ({ cells }) => `{${columns.map((column) => `${JSON.stringify(column)}:${cells[column] ?? 'null'}`).join(',')}}`,
  );
  return source === 'ndjson' ? objects.map((object) => `${object}\n`).join('') : `[${objects.join(',\n')}]`;
}

function fieldOf(cell: Cell): string {
  if (cell === null) return '';
  const text = textOf(cell);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A scenario as a reader can follow it: settings, then what each run reads. */
export function describeScenario(scenario: Scenario): string {
  const { steps, ...settings } = scenario;
  const days = steps.map((step, index) => {
    const { rows: _, columns: __, ...given } = step;
    const files = [...filesOf(scenario, step)].map(([name, content]) => `--- ${name}\n${content}`);
    return `== run ${index + 1}: ${JSON.stringify(given)}\n${files.join('\n')}`;
  });
  return [JSON.stringify(settings), ...days].join('\n');
}
