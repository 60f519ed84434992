import { configOption, jsonOption, type RegisterCommand, stageOption, targetOption } from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';

interface ShowOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `etl show`: what one run did. */
export const registerShow: RegisterCommand = (program, end) => {
  program
    .command('show')
    .description('show what a run did: stages, types and why, rejected rows, DDL, sources, and what to do next')
    .argument('[run]', 'the id of the run, or the beginning of it; default: the last run')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .addOption(jsonOption())
    .action(async (run: string | undefined, options: ShowOptions) => end(await show(run, options)));
};

/** `etl diff`: what two runs did differently. */
export const registerDiff: RegisterCommand = (program, end) => {
  program
    .command('diff')
    .description('show what two runs did differently: counts, types, rejected rows, sources')
    .argument('<run>', 'the id of a run, or the beginning of it')
    .argument('<other>', 'the id of another one')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .addOption(jsonOption())
    .action(async (run: string, other: string, options: ShowOptions) => end(await diff(run, other, options)));
};

async function show(named: string | undefined, options: ShowOptions): Promise<ExitStatus> {
  const [{ readReport }, { describeReport, withLog }] = await Promise.all([
    import('../../report/run-report.ts'),
    import('./run-report.ts'),
  ]);
  return await withLog(options, async (sql) => {
    const report = await readReport(sql, named);
    const text = options.json === true ? JSON.stringify(report, null, 2) : describeReport(report).join('\n');
    process.stdout.write(`${text}\n`);
    return 0;
  });
}

async function diff(named: string, other: string, options: ShowOptions): Promise<ExitStatus> {
  const [{ readReport }, { withLog }, { differences, diffLines }] = await Promise.all([
    import('../../report/run-report.ts'),
    import('./run-report.ts'),
    import('./run-diff.ts'),
  ]);
  return await withLog(options, async (sql) => {
    const [first, second] = [await readReport(sql, named), await readReport(sql, other)];
    const found = differences(first, second);
    const text = options.json === true ? JSON.stringify(found, null, 2) : diffLines(first, second, found).join('\n');
    process.stdout.write(`${text}\n`);
    return 0;
  });
}
