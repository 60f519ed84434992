import { spawn } from 'node:child_process';
import path from 'node:path';
import { z } from 'zod';
import { packageFolder } from '../../package-folder.ts';
import type { RunProgress } from '../../run/run-context.ts';
import type { ActOutcome, PerformAct } from '../../ui/acts/act.ts';
import type { ActOptions } from './act-options.ts';

const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), progress: z.custom<RunProgress>((value) => typeof value === 'object') }),
  z.object({ type: z.literal('outcome'), outcome: z.custom<ActOutcome>((value) => typeof value === 'object') }),
]);

/** Characters of what a process that ended badly has written. */
const toldCharacters = 2_000;

/**
 * Does acts by starting `etl` for each: a run takes nothing from the page, and what ends one does not end the other. At
 * the signal a run stops between two transactions, and the next one goes on with it.
 */
export function actProcesses(options: ActOptions): PerformAct {
  return async (demand, onProgress, signal) => {
    const entry = path.join(packageFolder(), 'dist', 'bin', 'etl.js');
    const child = spawn(process.execPath, [entry, 'act', JSON.stringify(demand), JSON.stringify(options)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let outcome: ActOutcome | undefined;
    let told = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      told = `${told}${text}`.slice(-toldCharacters);
    });
    child.on('message', (message) => {
      const parsed = messageSchema.safeParse(message);
      if (!parsed.success) return;
      if (parsed.data.type === 'progress') onProgress(parsed.data.progress, child.pid);
      else outcome = parsed.data.outcome;
    });
    const stop = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const status = await new Promise<number | NodeJS.Signals | null>((resolve) => {
      child.once('error', (error) => {
        told = error.message;
        resolve(null);
      });
      child.once('close', (code, by) => resolve(code ?? by));
    });
    signal.removeEventListener('abort', stop);
    const ended = `The process ended with ${String(status)}. ${told}`.trim();
    return outcome ?? { kind: 'failed', code: 'unexpected', message: ended };
  };
}
