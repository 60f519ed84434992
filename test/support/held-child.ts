import { spawn } from 'node:child_process';
import path from 'node:path';
import { openDsqlProxy } from './dsql-proxy.ts';
import type { LocalTarget } from './local-target.ts';

/** A process of its own, of which one statement is held before it reaches the database. */
export interface HeldChild {
  /** Resolves when the statement is held, or the process has ended without it. */
  readonly reached: Promise<'held' | 'ended'>;
  /** Lets the statement pass, and waits for the end of the process; what it has printed. */
  readonly goOn: () => Promise<string>;
  /** Kills the process; the statement never arrives. */
  readonly kill: () => Promise<void>;
  readonly signal: (name: 'SIGSTOP' | 'SIGCONT') => void;
}

/** Types of messages with which a statement of the client begins. */
const begins = new Set(['Q', 'B', 'c']);

/**
 * Starts a script of `test/support` with a job as JSON, against a proxy that holds a statement.
 *
 * @param held  chooses the statement by its number, from 1, and its text
 */
export async function startHeld(
  target: LocalTarget,
  script: string,
  job: Readonly<Record<string, unknown>>,
  held: (n: number, statement: string) => boolean,
): Promise<HeldChild> {
  const proxy = await openDsqlProxy(path.join(target.folder, 'state'), target.hold.endpoint);
  const { ca, hostname, region, user } = target.hold.endpoint;
  const endpoint = { hostname, port: proxy.port, region, user, ca, database: 'postgres' };
  const whole = JSON.stringify({ ...job, endpoint, credentials: target.hold.credentials });
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let reach: (event: 'held' | 'ended') => void = () => undefined;
  const reached = new Promise<'held' | 'ended'>((resolve) => {
    reach = resolve;
  });
  let n = 0;
  let struck = false;
  let dropped = false;
  proxy.decide = async ({ from, statement, type }) => {
    if (from === 'server' || !begins.has(type)) return 'pass';
    n += 1;
    if (struck || !held(n, statement)) return 'pass';
    struck = true;
    reach('held');
    await released;
    return dropped ? 'before-rst' : 'pass';
  };
  const child = spawn(process.execPath, [path.resolve('test/support', script), whole], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const take = (part: Buffer): void => {
    text += String(part);
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  void ended.then(() => reach('ended'));
  return {
    reached,
    goOn: async () => {
      release();
      await ended;
      await proxy.close();
      return text;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
      dropped = true;
      release();
      await proxy.close();
    },
    signal: (name) => child.kill(name),
  };
}
