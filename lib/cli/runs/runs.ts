import { configOption, jsonOption, type RegisterCommand, stageOption, targetOption } from '../command.ts';
import { type ExitStatus, InvalidOptionError } from '../exit-status.ts';

interface RunsOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly limit: string;
  readonly failed?: boolean | undefined;
  readonly since?: string | undefined;
  readonly watch?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `etl runs`: the execution log, newest first. */
export const registerRuns: RegisterCommand = (program, end) => {
  program
    .command('runs')
    .description('show the execution log, newest first')
    .argument('[pipeline]', 'only the runs of this pipeline')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .option('-n, --limit <number>', 'runs to show', '50')
    .option('--failed', 'only runs that failed')
    .option('--since <time>', 'only runs since then: 30m, 12h, 7d, or a date like 2026-01-31')
    .option('--watch', 'show them anew every 2 seconds, until Ctrl-C')
    .addOption(jsonOption())
    .action(async (pipeline: string | undefined, options: RunsOptions) => end(await showRuns(pipeline, options)));
};

const watchEveryMs = 2_000;

async function showRuns(pipeline: string | undefined, options: RunsOptions): Promise<ExitStatus> {
  if (!/^[1-9]\d{0,5}$/.test(options.limit)) throw new InvalidOptionError('--limit', options.limit, 'a number from 1');
  const [{ openTargetOf }, { ensureServiceTables }, { listRuns }, { runLines }] = await Promise.all([
    import('../target.ts'),
    import('../../state/service-tables.ts'),
    import('../../state/run-list.ts'),
    import('./run-lines.ts'),
  ]);
  const target = await openTargetOf(options);
  const { clock } = target.retry;
  const since = options.since === undefined ? undefined : sinceOf(options.since, clock.now());
  const choice = { pipeline, failed: options.failed, since, limit: Number(options.limit) };
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  if (options.watch === true) process.once('SIGINT', stop);
  try {
    await ensureServiceTables(target);
    for (;;) {
      const runs = await listRuns(target.sql, choice);
      const text =
        options.json === true ? JSON.stringify(runs, null, 2) : runLines(runs, process.stdout, clock.now()).join('\n');
      if (options.watch === true && process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[H');
      process.stdout.write(`${text}\n`);
      if (options.watch !== true) return 0;
      await clock.sleep(watchEveryMs, interrupt.signal).catch(() => undefined);
      if (interrupt.signal.aborted) return 0;
    }
  } finally {
    process.off('SIGINT', stop);
    await target.close();
  }
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time that is so long ago, or a date. @throws {InvalidOptionError} */
function sinceOf(text: string, now: Date): Date {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return new Date(now.getTime() - Number(count) * (unitMs[unit] ?? 0));
  const parsed = /^\d{4}-\d\d-\d\d/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(parsed.getTime())) {
    throw new InvalidOptionError('--since', text, '30m, 12h, 7d, or a date like 2026-01-31');
  }
  return parsed;
}
