import { EtlError, messageOf } from '../../errors.ts';
import type { ActDemand, ActOutcome } from '../../ui/acts/act.ts';
import type { RegisterCommand } from '../command.ts';
import type { ActOptions } from './act-options.ts';

/** What a process that acts tells the page's process. */
export type ActMessage =
  | { readonly type: 'progress'; readonly progress: unknown }
  | { readonly type: 'outcome'; readonly outcome: ActOutcome };

/** `etl act`: one act of the page, in a process of its own, which the page starts and nobody types. */
export const registerAct: RegisterCommand = (program, end) => {
  program
    .command('act', { hidden: true })
    .argument('<demand>')
    .argument('<options>')
    .action(async (demand: string, options: string) => {
      const told: Promise<void>[] = [];
      const tell = (message: ActMessage): void => {
        told.push(
          new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()) ?? resolve()),
        );
      };
      // A page that is gone wants nothing more; a signal stops a run between two transactions.
      process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
      const { actDemandSchema } = await import('../../ui/acts/act.ts');
      const outcome = await perform(actDemandSchema.parse(JSON.parse(demand)), JSON.parse(options) as ActOptions, tell);
      tell({ type: 'outcome', outcome });
      await Promise.all(told);
      process.removeAllListeners('disconnect');
      process.disconnect?.();
      end(outcome.kind === 'failed' ? 1 : 0);
    });
};

async function perform(
  demand: ActDemand,
  options: ActOptions,
  tell: (message: ActMessage) => void,
): Promise<ActOutcome> {
  const { performers } = await import('./performers.ts');
  try {
    return await performers[demand.kind](demand as never, options, (progress) => tell({ type: 'progress', progress }));
  } catch (error) {
    const code = error instanceof EtlError ? error.code : 'unexpected';
    return { kind: 'failed', code, message: messageOf(error) };
  }
}
