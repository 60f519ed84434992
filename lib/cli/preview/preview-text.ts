import type { PlannedWrites, Preview, PreviewColumn, RowChange } from '../../preview/preview.ts';
import { explodedLine } from '../exploded-line.ts';
import { ruleLine } from '../rule-line.ts';
import { listLines, shortened } from '../terminal-text.ts';
import { explainColumn } from './column-evidence.ts';

const number = (value: number): string => value.toLocaleString('en');
const known = (value: number | null): string => (value === null ? 'unknown' : number(value));
/** Characters of a value that are shown in a sentence. */
const shownCharacters = 40;

/**
 * A preview as text: the outcome, the columns with their evidence, what happens to the rows, samples, and statements.
 *
 * @param width  characters of a line of the terminal
 */
export function describePreview(preview: Preview, width: number): string {
  const parts = [
    headline(preview),
    section('Columns', preview.columns.map(columnLine)),
    section('Rows', rowLines(preview)),
    section('Rejected', rejectedLines(preview)),
    section('In the table', preview.writes === undefined ? [] : writeLines(preview.writes)),
    section(
      'Statements',
      preview.ddl.map((text) => `${text};`.replaceAll('\n', '\n  ')),
    ),
    section('First rows', sampleLines(preview, width)),
    section('Recognised', preview.recognised),
    section('Warnings', preview.warnings),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function headline({ load_mode, outcome, pipeline_name, rows_limit, target_table }: Preview): string {
  const look = rows_limit === null ? '' : ` (the first ${number(rows_limit)} rows of the source)`;
  const name = `${pipeline_name} → ${target_table}, ${load_mode}${look}`;
  if (outcome.status === 'load') return `${name}: nothing was written; a run would load.`;
  if (outcome.status === 'skip') return `${name}: a run would skip this. ${outcome.message}`;
  return `${name}: a run would fail: ${outcome.message} (${outcome.code})`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [title, ...lines.map((line) => `  ${line}`)].join('\n');
}

const states: Readonly<Record<PreviewColumn['state'], string>> = {
  new: '+ ',
  present: '  ',
  left_out: '- ',
  gone: '- ',
};

function columnLine(column: PreviewColumn): string {
  const from = column.source_name === undefined ? '' : ` (${column.source_name})`;
  return `${states[column.state]}${column.name}${from} ${column.type}, ${explainColumn(column)}`;
}

function rowLines({ counts, exploded, rules }: Preview): readonly string[] {
  return [
    ...(exploded === undefined ? [] : [explodedLine(exploded)]),
    `${number(counts.rows_read)} read = ${number(counts.rows_filtered)} filtered + ${number(counts.rows_deduplicated)} deduplicated + ${number(counts.rows_rejected)} rejected + ${number(counts.rows_clean)} to load`,
    ...rules.map(ruleLine),
  ];
}

function rejectedLines({ rejected_rows, rejections }: Preview): readonly string[] {
  const reasons = rejections.map(({ column_name, reason, rows }) =>
    `${number(rows)} × ${column_name ?? ''} ${reason}`.replace('×  ', '× '),
  );
  const rows = rejected_rows.map(({ reason, column_name, row, row_number, source }) => {
    const place = row_number === null ? source : `${source}, row ${row_number}`;
    return `${place}: ${column_name === null ? '' : `${column_name} `}${reason}: ${row.length > 200 ? `${row.slice(0, 200)}…` : row}`;
  });
  return [...reasons, ...rows];
}

function writeLines(writes: PlannedWrites): readonly string[] {
  const { rows_deleted, rows_inserted, rows_rejected, rows_unchanged, rows_updated } = writes;
  const refused = rows_rejected === 0 ? '' : `, ${known(rows_rejected)} refused because their key is there`;
  const deleted = rows_deleted === 0 ? '' : `, ${known(rows_deleted)} deleted`;
  return [
    `${known(rows_inserted)} inserted, ${known(rows_updated)} updated, ${known(rows_unchanged)} unchanged${deleted}${refused}`,
    ...writes.updates.map(updateLine),
    ...writes.deletions.map((key) => `- ${keyText(key)}`),
    ...writes.unknown.map((text) => `unknown: ${text}`),
  ];
}

function updateLine({ columns, key }: RowChange): string {
  const changes = Object.entries(columns).map(
    ([name, { after, before }]) => `${name}: ${shown(before)} → ${shown(after)}`,
  );
  return `~ ${keyText(key)}: ${changes.join(', ')}`;
}

function keyText(key: Readonly<Record<string, string | null>>): string {
  return Object.entries(key)
    .map(([name, value]) => `${name} ${shown(value)}`)
    .join(', ');
}

function shown(value: string | null): string {
  if (value === null) return 'NULL';
  return JSON.stringify(shortened(value, shownCharacters));
}

/** As many columns as fit; the service's own say nothing about the source. */
function sampleLines({ columns, sample }: Preview, width: number): readonly string[] {
  if (sample.length === 0) return [];
  const names = columns.slice(1, -1).flatMap(({ name, state }) => (state === 'gone' ? [] : [name]));
  const cell = (row: Preview['sample'][number], name: string): string =>
    shortened(row[name] ?? 'NULL', shownCharacters);
  const fitting: string[] = [];
  let used = 2;
  for (const name of names) {
    used += Math.max(name.length, ...sample.map((row) => cell(row, name).length)) + 2;
    if (used > width && fitting.length > 0) break;
    fitting.push(name);
  }
  const heads = fitting.map((head) => ({ head }));
  const rows = sample.map((row) => fitting.map((name) => cell(row, name)));
  const more = names.length - fitting.length;
  return [...listLines(heads, rows, width - 2), ...(more === 0 ? [] : [`and ${more} more columns: --json shows all`])];
}
