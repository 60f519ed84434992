import { grouped } from '../../grouped.ts';
import type { RunResult } from '../../run/result.ts';
import { explodedLine } from '../exploded-line.ts';

const number = grouped;

/** The end of a run as text: the status, the counts that add up, and what to do. */
export function describeResult(result: RunResult): string {
  const name = `${result.pipeline_name} → ${result.target_table}`;
  const seconds = `${result.execution_time_seconds.toFixed(1)} s`;
  if (result.status === 'skipped') return `- ${name}: skipped. ${result.error_message ?? ''}`;
  if (result.status === 'failed') {
    return [
      `✗ ${name}: failed in ${result.stage ?? 'start'} after ${seconds}: ${result.error_message ?? ''}`,
      ...(result.rows_read > 0 ? [`  ${soFar(result)}`] : []),
      `  run ${result.run_id}, error ${result.error_code ?? 'unexpected'}`,
      ...(result.error_code === 'interrupted'
        ? [`  It goes on where it stopped with: etl run ${result.pipeline_name}`]
        : []),
    ].join('\n');
  }
  return [
    `✓ ${name}: ${number(result.rows_loaded)} rows loaded in ${seconds}${result.resumed ? ' (an interrupted run, finished)' : ''}`,
    ...(result.not_modified === true ? ['  the API says that nothing has changed since the last load'] : []),
    ...(result.exploded === undefined ? [] : [`  ${explodedLine(result.exploded)}`]),
    `  ${sumOf(result)}`,
    `  ${number(result.rows_inserted)} inserted, ${number(result.rows_updated)} updated, ${number(result.rows_unchanged)} unchanged${result.rows_deleted > 0 ? `, ${number(result.rows_deleted)} deleted` : ''}${result.verified === null ? '' : `; verified ${result.verified}`}; run ${result.run_id}`,
    ...result.warnings.map((warning) => `  ! ${warning}`),
    ...(result.rows_rejected > 0
      ? [
          `  ! ${number(result.rows_rejected)} rows were rejected. See why, repair and run them again: etl rejects ${result.run_id}`,
        ]
      : []),
  ].join('\n');
}

/** What became of the rows so far, of a run that did not end: what is left is what no number counts. */
function soFar(result: RunResult): string {
  const {
    rows_deduplicated: repeated,
    rows_filtered: filtered,
    rows_loaded: loaded,
    rows_read: read,
    rows_rejected,
  } = result;
  const left = read - filtered - repeated - rows_rejected - loaded;
  return (
    `${number(read)} read: ${number(loaded)} are loaded, ${number(filtered)} were filtered, ${number(repeated)} deduplicated, ` +
    `${number(rows_rejected)} rejected, ${number(Math.max(0, left))} are left`
  );
}

function sumOf(result: RunResult): string {
  return (
    `${number(result.rows_read)} read = ${number(result.rows_filtered)} filtered + ${number(result.rows_deduplicated)} deduplicated + ` +
    `${number(result.rows_rejected)} rejected + ${number(result.rows_loaded)} loaded`
  );
}
