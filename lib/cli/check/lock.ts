import path from 'node:path';
import type { LoadedConfig } from '../../config/read-config.ts';
import type { Preview } from '../../preview/preview.ts';
import { configOption, jsonOption, type RegisterCommand, stageOption, targetOption } from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';

interface LockOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly strict?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `etl lock`: writes the types of a source into the configuration, so that later runs cannot infer others. */
export const registerLock: RegisterCommand = (program, end) => {
  program
    .command('lock')
    .description('write the types of the sources into the configuration, as a contract for later runs')
    .argument('[pipeline...]', 'names of pipelines; default: all')
    .option('--strict', 'let later runs fail where the source drifts, in place of telling it')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .addOption(jsonOption())
    .action(async (pipelines: string[], options: LockOptions) => end(await lock(pipelines, options)));
};

async function lock(pipelines: readonly string[], options: LockOptions): Promise<ExitStatus> {
  const [{ requireConfig }, { lookAtPipelines }, { previewPipeline }] = await Promise.all([
    import('../local/state-folder.ts'),
    import('../run/look-context.ts'),
    import('../../preview/preview-pipeline.ts'),
  ]);
  const loaded = requireConfig(options.config, options.stage);
  const previews = await lookAtPipelines(loaded, pipelines, options, (context) =>
    previewPipeline(context, { again: true }),
  );
  const locked = await writeLock(loaded, previews, options.strict === true);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ file: loaded.file, locked }, null, 2)}\n`);
  else {
    const shown = path.relative(process.cwd(), loaded.file);
    for (const one of locked) process.stdout.write(`${describeLock(shown, one)}\n`);
  }
  return 0;
}

/** What was written for one pipeline; one element of `etl lock --json`. */
export interface Locked {
  readonly pipeline_name: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  readonly left: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * Writes the contract of each preview into the configuration. Comments, order and everything else stay.
 *
 * Killed midway: the file is as it was, or has all of it.
 */
export async function writeLock(
  loaded: LoadedConfig,
  previews: readonly Preview[],
  strict: boolean,
): Promise<readonly Locked[]> {
  const [{ lockedColumns }, { editConfigFile }, { ownValue }] = await Promise.all([
    import('../../preview/locked-columns.ts'),
    import('../../config/edit-config-file.ts'),
    import('../../own-value.ts'),
  ]);
  const additions = previews.flatMap((preview) => {
    const settings = ownValue(loaded.config.pipelines, preview.pipeline_name);
    if (settings === undefined) return [];
    const { columns, left } = lockedColumns(preview, settings);
    const drift = {
      on_new_column: strict ? 'fail' : settings.on_new_column,
      on_missing_column: strict ? 'fail' : settings.on_missing_column,
      on_type_mismatch: strict ? 'fail' : settings.on_type_mismatch,
    };
    return [{ pipeline: preview.pipeline_name, columns, settings: drift, left }];
  });
  const written = await editConfigFile(loaded.file, additions);
  return additions.map(({ columns, left, pipeline }) => ({
    pipeline_name: pipeline,
    columns,
    settings: written.get(pipeline) ?? {},
    left,
  }));
}

function describeLock(file: string, { columns, left, pipeline_name, settings }: Locked): string {
  const lines = [...Object.entries(columns), ...Object.entries(settings)].map(([name, value]) => `  ${name}: ${value}`);
  const kept = left.map(({ name, reason }) => `  ${name} is left out: ${reason}`);
  if (lines.length === 0) return [`${pipeline_name}: ${file} says all of it already.`, ...kept].join('\n');
  const count = Object.keys(columns).length;
  return [
    `${pipeline_name}: wrote ${count} ${count === 1 ? 'column' : 'columns'} into ${file}.`,
    ...lines,
    ...kept,
  ].join('\n');
}
