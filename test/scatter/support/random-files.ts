import type { Random } from '../../truth/random.ts';
import { type Cell, textOf } from '../../truth/scenario.ts';
import { type KindName, kindsOf, valueKinds } from '../../truth/values.ts';

/** Columns of a source by the kind of their values; `id` is besides them. */
export type RandomColumns = ReadonlyMap<string, KindName>;

/** Files and how they are written. */
export interface RandomFiles {
  readonly format: 'csv' | 'ndjson' | 'json';
  readonly columns: RandomColumns;
  readonly files: Readonly<Record<string, string>>;
  /** The `csv` block of a configuration. */
  readonly csv: Readonly<Record<string, unknown>> | undefined;
  readonly partitioned: boolean;
}

type Row = Readonly<Record<string, Cell>>;

/** Files of rows with repeats, late values of other forms, and lines that cannot be read. */
export function randomFiles(random: Random, rowCount: number): RandomFiles {
  const format = random.pick(['csv', 'csv', 'ndjson', 'ndjson', 'json'] as const);
  const names = kindsOf(format === 'csv' ? 'csv' : 'ndjson');
  const columns = new Map<string, KindName>();
  for (let column = 0; column < 1 + random.below(5); column += 1) {
    columns.set(`c${column}`, names[random.below(names.length)] ?? 'text');
  }
  const dialect = random.chance(0.5) ? undefined : randomDialect(random);
  const partitioned = random.chance(0.2);
  const count = random.pick([1, 1, 1, 2, 5]);
  const rows = randomRows(random, columns, rowCount);
  const files: Record<string, string> = {};
  for (let file = 0; file < count; file += 1) {
    const own = rows.slice(Math.floor((rows.length * file) / count), Math.floor((rows.length * (file + 1)) / count));
    const folder = partitioned ? `day=${random.pick(['1', '02', 'x'])}/` : '';
    const content = contentOf(random, format, ownColumns(random, columns, count), own, dialect);
    files[`${folder}file-${file}.${format}`] = content;
  }
  return { format, columns, files, csv: format === 'csv' ? dialect?.settings : undefined, partitioned };
}

interface Dialect {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly delimiter: string;
  readonly lineEnd: string;
  readonly comment: boolean;
  readonly empty: string;
}

function randomDialect(random: Random): Dialect {
  const delimiter = random.pick([',', ';', '\t']);
  const comment = random.chance(0.3);
  const nulls = random.chance(0.3);
  return {
    settings: { delimiter, ...(comment ? { comment: '#' } : {}), ...(nulls ? { null_strings: ['-'] } : {}) },
    delimiter,
    lineEnd: random.pick(['\n', '\r\n']),
    comment,
    empty: nulls ? '-' : '',
  };
}

/** The columns of one of several files: each may lack one, or write one otherwise. */
function ownColumns(random: Random, columns: RandomColumns, files: number): readonly (readonly [string, string])[] {
  const all = ['id', ...columns.keys()].map((name) => [name, name] as const);
  if (files === 1) return all;
  const written = all.map(([name, as]) => [name, random.chance(0.1) ? as.toUpperCase() : as] as const);
  return random.chance(0.2) && written.length > 2
    ? written.filter((_, at) => at !== 1 + random.below(written.length - 1))
    : written;
}

function randomRows(random: Random, columns: RandomColumns, count: number): readonly Row[] {
  const rows: Row[] = [];
  const lateFrom = random.chance(0.5) ? Number.POSITIVE_INFINITY : Math.floor(count * (0.3 + 0.69 * random.below(2)));
  const [repeats, sameKeys, blanks] = [random.pick([0, 0.1, 0.4]), random.pick([0, 0.05, 0.3]), random.pick([0, 0.1])];
  for (let row = 0; row < count; row += 1) {
    const earlier = rows[random.below(Math.max(1, rows.length))];
    if (earlier !== undefined && random.chance(repeats)) {
      rows.push(earlier);
      continue;
    }
    const cells: Record<string, Cell> = { id: random.chance(blanks / 4) ? null : String(row) };
    if (earlier?.id != null && random.chance(sameKeys)) cells.id = earlier.id;
    for (const [name, kind] of columns) {
      const { later, usual } = valueKinds[kind];
      if (random.chance(blanks)) cells[name] = random.pick([null, '""', '" "']);
      else cells[name] = row >= lateFrom && random.chance(0.1) ? random.pick(later) : usual(random);
    }
    rows.push(cells);
  }
  return rows;
}

function contentOf(
  random: Random,
  format: RandomFiles['format'],
  columns: readonly (readonly [string, string])[],
  rows: readonly Row[],
  dialect: Dialect | undefined,
): string {
  if (format === 'csv') return csvOf(random, columns, rows, dialect);
  const sparse = random.chance(0.5);
  const objects = rows.map((row) => {
    const members = columns.flatMap(([name, as]) => {
      const cell = row[name] ?? null;
      return cell === null && sparse ? [] : [`${JSON.stringify(as)}:${cell ?? 'null'}`];
    });
    return `{${members.join(',')}}`;
  });
  if (format === 'json') return `[${objects.join(',\n')}]`;
  const broken = random.pick([0, 0, 0.05]);
  const lines = objects.map((object) =>
    random.chance(broken) ? random.pick(['no json', '[1]', '', '{"id":1,"id":2}', '{"a":NaN}']) : object,
  );
  return lines.map((line) => `${line}\n`).join('');
}

function csvOf(
  random: Random,
  columns: readonly (readonly [string, string])[],
  rows: readonly Row[],
  { comment = false, delimiter = ',', empty = '', lineEnd = '\n' }: Partial<Dialect> = {},
): string {
  const ragged = random.pick([0, 0, 0.05]);
  const field = (cell: Cell): string => {
    if (cell === null) return empty;
    const text = textOf(cell);
    const isQuoted = random.chance(0.05) || /^\s|\s$|[\r\n"#]/.test(text) || text.includes(delimiter) || text === '-';
    return isQuoted ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.flatMap((row) => {
    if (comment && random.chance(0.05)) return [`# "a comment`];
    const fields = columns.map(([name]) => field(row[name] ?? null));
    if (random.chance(ragged)) return [[...fields, 'more'].join(delimiter)];
    return [fields.join(delimiter)];
  });
  const end = random.chance(0.8) ? lineEnd : '';
  return [columns.map(([, as]) => as).join(delimiter), ...lines].join(lineEnd) + end;
}
