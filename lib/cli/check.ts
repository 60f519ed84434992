import { InvalidConfigError } from '../config/errors.ts';
import type { LoadedConfig } from '../config/read-config.ts';
import { EtlError } from '../errors.ts';
import { checkExpressions } from '../transform/rules/check-expressions.ts';
import type { ExitStatus } from './main.ts';
import { requireConfig } from './state-folder.ts';

export interface CheckOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** `etl check`: says everything that is wrong with a configuration, without running it. */
export async function checkCommand(options: CheckOptions): Promise<ExitStatus> {
  try {
    const loaded = requireConfig(options.config);
    const { config, file } = loaded;
    const names = Object.keys(config.pipelines);
    await checkRulesOf(loaded, names);
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify({ valid: true, file, pipelines: names, problems: [] }, null, 2)}\n`);
    } else {
      process.stdout.write(
        `${file} is valid: ${names.length} ${names.length === 1 ? 'pipeline' : 'pipelines'} (${names.join(', ')}).\n`,
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

/** @throws for a business rule that can never run: its syntax is wrong, or it uses what rules may not use */
export async function checkRulesOf({ config }: LoadedConfig, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const settings = config.pipelines[name];
    if (settings !== undefined && settings.business_rules.length > 0) await checkExpressions({ ...settings, name });
  }
}
