import { InvalidConfigError } from '../config/errors.ts';
import { checkExpressions } from '../transform/transform.ts';
import type { ExitStatus } from './main.ts';
import { requireConfig } from './state-folder.ts';

export interface CheckOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** `etl check`: says everything that is wrong with a configuration, without running it. */
export async function checkCommand(options: CheckOptions): Promise<ExitStatus> {
  try {
    const { config, file } = requireConfig(options.config);
    for (const [name, settings] of Object.entries(config.pipelines)) await checkExpressions({ ...settings, name });
    const names = Object.keys(config.pipelines);
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify({ valid: true, file, pipelines: names, problems: [] }, null, 2)}\n`);
    } else {
      process.stdout.write(
        `${file} is valid: ${names.length} ${names.length === 1 ? 'pipeline' : 'pipelines'} (${names.join(', ')}).\n`,
      );
    }
    return 0;
  } catch (error) {
    if (options.json !== true || !(error instanceof InvalidConfigError)) throw error;
    const { file, problems } = error;
    process.stdout.write(`${JSON.stringify({ valid: false, file, pipelines: [], problems }, null, 2)}\n`);
    return 2;
  }
}
