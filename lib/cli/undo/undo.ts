import {
  configOption,
  type DeleteOptions,
  jsonOption,
  type RegisterCommand,
  stageOption,
  targetOption,
} from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';

/** `etl undo`: takes back what a run has loaded. */
export const registerUndo: RegisterCommand = (program, end) => {
  program
    .command('undo')
    .description('take back what a run has loaded, exactly, or say why that cannot be done')
    .argument('<run>', 'the id of the run, or the beginning of it')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .option('-y, --yes', 'do not ask')
    .addOption(jsonOption())
    .action(async (run: string, options: DeleteOptions) => end(await undo(run, options)));
};

async function undo(named: string, options: DeleteOptions): Promise<ExitStatus> {
  const [{ confirm }, { requireRun }, { describeUndo, undoing }, { requireUndoable }, { undoRun }, history] =
    await Promise.all([
      import('../confirm.ts'),
      import('../../report/find-run.ts'),
      import('./undo-setup.ts'),
      import('../../run/undo-check.ts'),
      import('../../run/undo.ts'),
      import('../../state/run-history.ts'),
    ]);
  return await undoing(options, async (context) => {
    const run = await requireRun(context.target.sql, named);
    const begun = await history.findUnfinishedUndos(context.target.sql, run.pipeline_name);
    // An undo that was interrupted goes on without a question: it was answered when it began.
    if (!begun.some((job) => job.of_run === run.run_id && !job.announced)) {
      const { rows } = await requireUndoable(context.target, run);
      const what = `Run ${run.run_id} of pipeline ${run.pipeline_name} inserted ${rows.toLocaleString('en')} rows into ${run.target_table} on ${run.start_time}.`;
      if (!(await confirm(what, 'Delete them?', options.yes === true))) return 1;
    }
    const result = await undoRun(context, run, 'cli');
    process.stdout.write(options.json === true ? `${JSON.stringify(result)}\n` : `${describeUndo(result)}\n`);
    return 0;
  });
}
