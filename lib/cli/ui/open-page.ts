import { createInterface } from 'node:readline';
import { regionOfHostname } from '../../dsql/endpoint.ts';
import { Acts } from '../../ui/acts/acts.ts';
import { servePage } from '../../ui/serve-page.ts';
import type { ExitStatus } from '../exit-status.ts';
import { openTargetOf } from '../target.ts';
import { actProcesses } from './act-process.ts';
import { configReader } from './config-reader.ts';

/** What the page is opened over. */
export interface PageOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly allowActions?: boolean | undefined;
}

/** Nobody waits longer for a page. */
const pageStatementMs = 60_000;

/** Serves the page until Ctrl-C, and prints a link that opens it; a new one whenever Enter is pressed. */
export async function openPage(options: PageOptions, port: number): Promise<ExitStatus> {
  const config = configReader(options.config, options.stage);
  const target = await openTargetOf({ ...options, statementMs: pageStatementMs });
  const interrupt = new AbortController();
  const { endpoint } = target.where;
  const local = endpoint === 'local DSQL';
  const mayAct = local || options.allowActions === true;
  const { config: file, stage, target: named } = options;
  const acts = mayAct ? new Acts(actProcesses({ config: file, stage, target: named }), target.retry.clock) : undefined;
  try {
    const page = await servePage(
      {
        target: { ...target, retry: { ...target.retry, signal: interrupt.signal } },
        local,
        region: local ? undefined : (config().loaded?.config.aurora_dsql.region ?? regionOfHostname(endpoint)),
        config,
        acts,
      },
      port,
    );
    process.stdout.write(
      `The page over ${endpoint} is open. The link works once; Enter prints another, Ctrl-C ends the page.\n\n  ${page.newLink()}\n\n`,
    );
    await untilStopped(() => process.stdout.write(`  ${page.newLink()}\n\n`));
    await acts?.close();
    interrupt.abort(new Error('The page was closed.'));
    await page.close();
    return 0;
  } finally {
    await target.close();
  }
}

/** Resolves at a signal to end. */
async function untilStopped(onEnter: () => void): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', onEnter);
  await new Promise<void>((resolve) => {
    const stop = (): void => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
  lines.close();
}
