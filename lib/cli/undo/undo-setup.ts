import type { UndoContext, UndoResult } from '../../run/undo.ts';
import { ensureServiceTables } from '../../state/service-tables.ts';
import { folderStore } from '../../store/folder-store.ts';
import type { DeleteOptions } from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';
import { stateFolderOf } from '../local/state-folder.ts';
import { openTargetOf } from '../target.ts';

/** A log or a terminal gets a line about what is deleted in this time. */
const tellEveryMs = 10_000;

/** Opens the target for a command that deletes rows, and closes it; a signal stops between two transactions. */
export async function undoing(
  options: DeleteOptions,
  work: (context: UndoContext) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const target = await openTargetOf(options);
  const interrupt = new AbortController();
  const stop = (): void =>
    interrupt.abort(new Error('Interrupted. Run the same command again to go on where it stopped.'));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  let told = performance.now();
  try {
    await ensureServiceTables(target);
    return await work({
      target: { ...target, retry: { ...target.retry, signal: interrupt.signal } },
      store: folderStore(stateFolderOf(options.config)),
      connections: target.connections,
      onBatches: (done, of) => {
        if (performance.now() - told < tellEveryMs) return;
        told = performance.now();
        process.stderr.write(`${done.toLocaleString('en')} of ${of.toLocaleString('en')} batches taken back\n`);
      },
    });
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    await target.close();
  }
}

const watermarks: Readonly<Record<UndoResult['watermark'], string>> = {
  restored: ' The watermark is where it was before, so the next run reads those rows again.',
  forgotten: ' The next run reads the source from its beginning.',
  unchanged: '',
};

/** What was taken back, for a person. */
export function describeUndo(result: UndoResult): string {
  const rows = `${result.rows_deleted.toLocaleString('en')} rows of ${result.target_table} deleted`;
  const what = {
    undo: `Run ${result.of_run ?? ''} taken back: ${rows}.`,
    reset: `Pipeline ${result.pipeline_name} reset: ${rows}.`,
    forget: `Pipeline ${result.pipeline_name} reset; its rows in ${result.target_table} stay.`,
  }[result.kind];
  return `✓ ${what}${watermarks[result.watermark]} Logged as run ${result.run_id}.`;
}
