import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { csvLine } from '../../csv-line.ts';
import type { Sql } from '../../dsql/connect.ts';
import { parseTableName } from '../../dsql/identifier.ts';
import type { Target } from '../../dsql/target.ts';
import { describeTable } from '../../load/target-table.ts';
import { settleRejected } from '../../run/settle-rejected.ts';
import { underLease } from '../../run/undo.ts';
import {
  countRejected,
  type KeptRow,
  type RejectedChoice,
  type RejectedGroupCount,
  rejectedColumns,
  rejectedPages,
  sampleRejected,
} from '../../state/rejected-rows.ts';
import { findLastRun } from '../../state/run-history.ts';
import { confirm } from '../confirm.ts';
import { type ExitStatus, InvalidOptionError } from '../exit-status.ts';
import { shortened } from '../terminal-text.ts';
import { exportColumns } from './repaired-file.ts';

/** Reasons and rows of each that are shown. */
const shownReasons = 20;
const shownRows = 3;
const shownCharacters = 80;

interface ShownGroup extends RejectedGroupCount {
  readonly samples: readonly KeptRow[];
}

/** Prints the rows grouped by reason, the most frequent first, with some of each. */
export async function showRejected(sql: Sql, choice: RejectedChoice, json: boolean): Promise<ExitStatus> {
  const counts = await countRejected(sql, choice);
  const groups: ShownGroup[] = [];
  for (const group of counts.slice(0, shownReasons)) {
    groups.push({ ...group, samples: await sampleRejected(sql, choice, group, shownRows) });
  }
  const rows = counts.reduce((sum, group) => sum + group.rows, 0);
  if (json) {
    const shown = groups.map(({ samples, ...group }) => ({
      ...group,
      samples: samples.map((sample) => ({ ...sample, row: JSON.parse(sample.row) as unknown })),
    }));
    process.stdout.write(`${JSON.stringify({ rows, reasons: counts.length, groups: shown }, null, 2)}\n`);
    return 0;
  }
  if (rows === 0) {
    process.stdout.write(`No rejected rows${choice.all === true ? '' : ' that are open; --all shows the others'}.\n`);
    return 0;
  }
  const reasons = counts.length === 1 ? 'one reason' : `${counts.length} reasons`;
  process.stdout.write(`${rows.toLocaleString('en')} rejected rows, for ${reasons}.\n`);
  for (const group of groups) process.stdout.write(`\n${describeGroup(group)}\n`);
  if (counts.length > groups.length) process.stdout.write(`\n… and ${counts.length - groups.length} reasons more.\n`);
  process.stdout.write(
    '\nWrite them to a file with --export rows.csv, put them right, and run them again with: etl replay RUN --file rows.csv\n',
  );
  return 0;
}

function describeGroup({ column_name: column, open, pipeline_name, reason, rows, samples }: ShownGroup): string {
  const where = column === null ? '' : `${column}: `;
  const done = open === rows ? '' : ` (${(rows - open).toLocaleString('en')} of them done)`;
  return [
    `${rows.toLocaleString('en')} × ${where}${reason}${done}`,
    ...samples.map((sample) => {
      const value = shownValue(sample, column);
      const place = sample.row_number === null ? sample.source : `${sample.source ?? ''}:${sample.row_number}`;
      return `    ${place ?? 'unknown place'}  ${value}  (${pipeline_name}, run ${sample.run_id.slice(0, 8)})`;
    }),
  ].join('\n');
}

/** The value that was at fault, where one column is; else the row. */
function shownValue({ row }: KeptRow, column: string | null): string {
  const parsed = JSON.parse(row) as Readonly<Record<string, unknown>>;
  const value = column !== null && Object.hasOwn(parsed, column) ? parsed[column] : parsed;
  return shortened(JSON.stringify(value) ?? 'null', shownCharacters);
}

/** Writes the rows to a file that can be repaired: their own columns, and the id, reason and place of each. */
export async function exportRejected(sql: Sql, choice: RejectedChoice, file: string): Promise<ExitStatus> {
  const isCsv = /\.csv$/i.test(file);
  if (!isCsv && !/\.(ndjson|jsonl)$/i.test(file)) {
    throw new InvalidOptionError('--export', file, 'a name that ends in .csv or .ndjson');
  }
  const columns = isCsv ? await columnsOf(sql, choice) : [];
  const stream = createWriteStream(path.resolve(file), { mode: 0o600 });
  let rows = 0;
  const write = async (line: string): Promise<void> => {
    if (!stream.write(`${line}\n`)) await once(stream, 'drain');
  };
  try {
    if (isCsv) await write(csvLine([...exportColumns, ...columns]));
    for await (const page of rejectedPages(sql, choice)) {
      for (const kept of page) await write(isCsv ? csvOf(kept, columns) : jsonOf(kept));
      rows += page.length;
    }
  } finally {
    stream.end();
    await finished(stream);
  }
  process.stdout.write(
    `${rows.toLocaleString('en')} rejected rows written to ${file}. Put the values right, leave the columns that begin with etl_ as they are, and run: etl replay ${choice.runId ?? 'RUN'} --file ${file}\n`,
  );
  return 0;
}

/** The rows' own columns, as the pipeline's table has them, and behind those the others: JSON keeps no order. */
async function columnsOf(sql: Sql, choice: RejectedChoice): Promise<readonly string[]> {
  const names = await rejectedColumns(sql, choice);
  const [last] = await findLastRun(sql, choice.pipelineName);
  const table = last === undefined ? undefined : await describeTable(sql, parseTableName(last.target_table));
  const places = new Map(table?.columns.map(({ name }, index) => [name, index]));
  const placeOf = (name: string): number => places.get(name) ?? places.size;
  return names.filter((name) => !exportColumns.some((one) => one === name)).sort((a, b) => placeOf(a) - placeOf(b));
}

function csvOf(kept: KeptRow, columns: readonly string[]): string {
  const row = JSON.parse(kept.row) as Readonly<Record<string, unknown>>;
  return csvLine([...added(kept), ...columns.map((name) => (Object.hasOwn(row, name) ? row[name] : null))]);
}

function added(kept: KeptRow): readonly (string | null)[] {
  return [kept.id, kept.reason, kept.column_name, kept.source, kept.row_number];
}

/** The row's own text is put in as it is: parsed again, its numbers would lose digits. */
function jsonOf(kept: KeptRow): string {
  const head = JSON.stringify(Object.fromEntries(exportColumns.map((name, index) => [name, added(kept)[index]])));
  const own = kept.row.slice(1, -1).trim();
  return own === '' ? head : `${head.slice(0, -1)},${own}}`;
}

/** Marks the rows as repaired elsewhere, under the lease of each pipeline. */
export async function markDone(target: Target, choice: RejectedChoice, yes: boolean): Promise<ExitStatus> {
  const groups = await countRejected(target.sql, { ...choice, all: false });
  const rows = groups.reduce((sum, { open }) => sum + open, 0);
  if (rows === 0) {
    process.stdout.write('No rejected rows that are open.\n');
    return 0;
  }
  const what = `${rows.toLocaleString('en')} rejected rows are taken to be repaired elsewhere, and are not run again.`;
  if (!(await confirm(what, 'Mark them as done?', yes))) return 1;
  let done = 0;
  for (const pipelineName of new Set(groups.map((group) => group.pipeline_name))) {
    done += await underLease({ target }, pipelineName, (fence) =>
      settleRejected(
        target,
        fence,
        { ...choice, pipelineName, all: false },
        { runId: null, why: 'repaired elsewhere' },
      ),
    );
  }
  process.stdout.write(`✓ ${done.toLocaleString('en')} rejected rows marked as done.\n`);
  return 0;
}
