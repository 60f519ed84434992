import { configOption, jsonOption, type RegisterCommand, stageOption, targetOption } from '../command.ts';
import { type ExitStatus, InvalidOptionError } from '../exit-status.ts';

interface PreviewOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly rows?: string | undefined;
  readonly again?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `etl preview`: what a run would do, without writing to the target. */
export const registerPreview: RegisterCommand = (program, end) => {
  program
    .command('preview')
    .description('show what a run would do: types and why, rejected rows, DDL, rows inserted, updated and deleted')
    .argument('[pipeline...]', 'names of pipelines; default: all')
    .option('-n, --rows <number>', 'look at the first rows of the source only; default: all')
    .option('--again', 'as for etl run: do not skip a source that was loaded already')
    .option('--force', 'as for etl run: let load_mode replace take away more rows than max_shrink allows')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .addOption(jsonOption())
    .action(async (pipelines: string[], options: PreviewOptions) => end(await preview(pipelines, options)));
};

/** The option `--rows`. @throws {InvalidOptionError} */
export function rowsOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidOptionError('--rows', text, 'a number from 1');
  return Number(text);
}

async function preview(pipelines: readonly string[], options: PreviewOptions): Promise<ExitStatus> {
  const rows = rowsOption(options.rows);
  const [{ requireConfig }, { lookAtPipelines }, { previewPipeline }, { describePreview }] = await Promise.all([
    import('../local/state-folder.ts'),
    import('../run/look-context.ts'),
    import('../../preview/preview-pipeline.ts'),
    import('./preview-text.ts'),
  ]);
  const loaded = requireConfig(options.config, options.stage);
  const previews = await lookAtPipelines(loaded, pipelines, options, async (context) => {
    const found = await previewPipeline(context, { ...options, rows });
    if (options.json !== true) process.stdout.write(`${describePreview(found, process.stdout.columns ?? 120)}\n`);
    return found;
  });
  if (options.json === true) process.stdout.write(`${JSON.stringify({ previews }, null, 2)}\n`);
  return previews.some(({ outcome }) => outcome.status === 'fail') ? 1 : 0;
}
