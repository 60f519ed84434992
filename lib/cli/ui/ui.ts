import { configOption, type RegisterCommand, stageOption, targetOption } from '../command.ts';
import { type ExitStatus, InvalidOptionError } from '../exit-status.ts';

interface UiOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly port: string;
  readonly allowActions?: boolean | undefined;
}

/** `etl ui`: a page for the browser over what ran, what came in and what went wrong. */
export const registerUi: RegisterCommand = (program, end) => {
  program
    .command('ui')
    .description('open a page over runs, rows and rejected rows, on this machine only')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .option('-p, --port <port>', 'port on 127.0.0.1; default: any free one', '0')
    .option('--allow-actions', 'let the page run, replay and undo on a cluster too; on the local DSQL it always may')
    .action(async (options: UiOptions) => end(await ui(options)));
};

async function ui(options: UiOptions): Promise<ExitStatus> {
  if (!/^\d{1,5}$/.test(options.port) || Number(options.port) > 65_535) {
    throw new InvalidOptionError('--port', options.port, 'a number from 0 to 65535');
  }
  const { openPage } = await import('./open-page.ts');
  return await openPage(options, Number(options.port));
}
