import {
  configOption,
  type DeleteOptions,
  jsonOption,
  type RegisterCommand,
  stageOption,
  targetOption,
} from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';

interface ResetOptions extends DeleteOptions {
  readonly keepRows?: boolean | undefined;
}

/** `etl reset`: lets a pipeline begin anew. */
export const registerReset: RegisterCommand = (program, end) => {
  program
    .command('reset')
    .description("delete the pipeline's rows of its table, and forget what was loaded and how far")
    .argument('<pipeline>', 'the name of the pipeline')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .option('--keep-rows', 'leave the rows, and forget only what was loaded and how far')
    .option('-y, --yes', 'do not ask')
    .addOption(jsonOption())
    .action(async (pipeline: string, options: ResetOptions) => end(await reset(pipeline, options)));
};

async function reset(named: string, options: ResetOptions): Promise<ExitStatus> {
  const [{ confirm }, { describeUndo, undoing }, { requireResettable, resetPipeline }, { tableOf }] = await Promise.all(
    [
      import('../confirm.ts'),
      import('./undo-setup.ts'),
      import('../../run/reset.ts'),
      import('../run/pipeline-table.ts'),
    ],
  );
  return await undoing(options, async (context) => {
    const targetTable = await tableOf(context.target.sql, options, named);
    const demand = { pipelineName: named, targetTable, keepRows: options.keepRows === true };
    const rows = await requireResettable(context.target, demand);
    const rest = 'and forgets what was loaded and how far the source was read.';
    const what = demand.keepRows
      ? `A reset of pipeline ${named} keeps its rows in ${targetTable} ${rest}`
      : `A reset of pipeline ${named} deletes ${rows.toLocaleString('en')} rows of ${targetTable}, which it has inserted, ${rest}`;
    if (!(await confirm(what, 'Reset it?', options.yes === true))) return 1;
    const result = await resetPipeline(context, demand, 'cli');
    process.stdout.write(options.json === true ? `${JSON.stringify(result)}\n` : `${describeUndo(result)}\n`);
    return 0;
  });
}
