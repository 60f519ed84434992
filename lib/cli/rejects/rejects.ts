import { configOption, jsonOption, type RegisterCommand, stageOption, targetOption } from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';

export interface RejectsOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly reason?: string | undefined;
  readonly all?: boolean | undefined;
  readonly export?: string | undefined;
  readonly done?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `etl rejects`: which rows were rejected and why, as a list, a file that can be repaired, or done with. */
export const registerRejects: RegisterCommand = (program, end) => {
  program
    .command('rejects')
    .description('show rejected rows by reason, write them to a file that can be repaired, or mark them as done')
    .argument('[run|pipeline]', 'a pipeline, or the id of a run or the beginning of it; default: all')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .option('--reason <text>', 'only rows whose reason has this text in it')
    .option('--all', 'also rows that were run again, or about which nothing has to be done any more')
    .option('--export <file>', 'write the rows to a .csv or .ndjson file, with their reasons and places')
    .option('--done', 'mark the rows as repaired elsewhere')
    .option('-y, --yes', 'do not ask')
    .addOption(jsonOption())
    .action(async (of: string | undefined, options: RejectsOptions) => end(await rejects(of, options)));
};

async function rejects(of: string | undefined, options: RejectsOptions): Promise<ExitStatus> {
  const [{ openTargetOf }, { ensureServiceTables }, { choiceOf }, { exportRejected, markDone, showRejected }] =
    await Promise.all([
      import('../target.ts'),
      import('../../state/service-tables.ts'),
      import('./rejected-choice.ts'),
      import('./rejected-rows.ts'),
    ]);
  const target = await openTargetOf(options);
  try {
    await ensureServiceTables(target);
    const choice = await choiceOf(target.sql, of, options);
    if (options.export !== undefined) return await exportRejected(target.sql, choice, options.export);
    if (options.done === true) return await markDone(target, choice, options.yes === true);
    return await showRejected(target.sql, choice, options.json === true);
  } finally {
    await target.close();
  }
}
