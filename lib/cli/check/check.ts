import { EtlError } from '../../errors.ts';
import { configOption, jsonOption, type RegisterCommand, stageOption } from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';

interface CheckOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `etl check`: says everything that is wrong with a configuration, without running it. */
export const registerCheck: RegisterCommand = (program, end) => {
  program
    .command('check')
    .description('validate the configuration without running it')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(jsonOption())
    .action(async (options: CheckOptions) => end(await check(options)));
};

async function check(options: CheckOptions): Promise<ExitStatus> {
  const { InvalidConfigError } = await import('../../config/errors.ts');
  const { requireConfig } = await import('../local/state-folder.ts');
  try {
    const loaded = requireConfig(options.config, options.stage);
    const { config, file } = loaded;
    const names = Object.keys(config.pipelines);
    const { checkRulesOf } = await import('./check-rules.ts');
    await checkRulesOf(loaded, names);
    const others = options.stage === undefined ? (loaded.stages ?? []) : [];
    for (const stage of others) {
      const staged = requireConfig(options.config, stage);
      await checkRulesOf(staged, Object.keys(staged.config.pipelines));
    }
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify({ valid: true, file, pipelines: names, problems: [] }, null, 2)}\n`);
    } else {
      process.stdout.write(
        `${file} is valid: ${names.length} ${names.length === 1 ? 'pipeline' : 'pipelines'} (${names.join(', ')})${others.length === 0 ? '' : `; so it is in the ${others.length === 1 ? 'stage' : 'stages'} ${others.join(', ')}`}.\n`,
      );
    }
    return 0;
  } catch (error) {
    if (options.json !== true || !(error instanceof EtlError)) throw error;
    const { file, problems } =
      error instanceof InvalidConfigError
        ? error
        : { file: options.config ?? null, problems: [{ path: '', line: null, column: null, message: error.message }] };
    process.stdout.write(`${JSON.stringify({ valid: false, file, pipelines: [], problems }, null, 2)}\n`);
    return 2;
  }
}
