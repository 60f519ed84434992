import type { ListedRun } from '../../state/run-list.ts';
import { ago, duration, type ListColumn, listLines, widthOf } from '../terminal-text.ts';

/** From this width on a list has also what a run read, and how long it took. */
const wide = 100;

const marks: Readonly<Record<string, string>> = { success: '✓', failed: '✗', skipped: '-', running: '…' };

const number = (value: string | null): string => (value === null ? '' : Number(value).toLocaleString('en'));

interface RunColumn extends ListColumn {
  readonly cell: (run: ListedRun, now: Date) => string;
  /** Left out of a narrow list. */
  readonly onlyWide?: boolean;
}

const columns: readonly RunColumn[] = [
  { head: 'when', cell: (run, now) => ago(run.start_time ?? '', now) },
  { head: 'run', cell: ({ run_id }) => run_id?.slice(0, 8) ?? '' },
  { head: 'pipeline', cell: ({ pipeline_name }) => pipeline_name ?? '' },
  { head: '', cell: ({ status }) => marks[status ?? ''] ?? '' },
  { head: 'read', right: true, onlyWide: true, cell: ({ rows_read }) => number(rows_read) },
  { head: 'loaded', right: true, cell: ({ rows_loaded }) => number(rows_loaded) },
  { head: 'rejected', right: true, cell: ({ rows_rejected }) => number(rows_rejected) },
  {
    head: 'took',
    right: true,
    onlyWide: true,
    cell: ({ execution_time_seconds: seconds }) => (seconds === null ? '' : duration(Number(seconds))),
  },
  { head: 'what', cell: whatOf },
];

/** In a sentence what is not in the numbers: a failure, a skip, what was taken back. */
export function whatOf(run: ListedRun): string {
  const deleted = number(run.rows_deleted);
  if (run.kind === 'undo') return `took back run ${run.of_run?.slice(0, 8) ?? ''}: ${deleted} rows deleted`;
  if (run.kind === 'reset') return `reset: ${deleted} rows deleted`;
  if (run.kind === 'forget') return 'reset, its rows stay';
  const replay = run.kind === 'replay' ? `rejected rows of ${run.of_run?.slice(0, 8) ?? ''} ` : '';
  if (run.status === 'success') {
    return `${replay}${run.closed_by === null ? '' : `taken back by ${run.closed_by.slice(0, 8)}`}`;
  }
  return `${replay}${run.error_code ?? run.status ?? ''}: ${run.error_message ?? run.stage ?? ''}`;
}

/** Runs as lines that fit the stream, newest first. */
export function runLines(
  runs: readonly ListedRun[],
  stream: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>,
  now: Date,
): readonly string[] {
  if (runs.length === 0) return ['No runs.'];
  const width = widthOf(stream);
  const shown = columns.filter((column) => width >= wide || column.onlyWide !== true);
  const rows = runs.map((run) => shown.map((column) => column.cell(run, now)));
  return listLines(shown, rows, width);
}
