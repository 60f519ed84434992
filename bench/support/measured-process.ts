import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** What a process took from its start to its end. */
export interface Measured {
  readonly seconds: number;
  /** User and system time of it and its children; undefined without GNU time. */
  readonly cpuSeconds: number | undefined;
  /** Undefined without GNU time. */
  readonly peakMb: number | undefined;
  readonly stdout: string;
}

/** A command of a benchmark. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Node has no word for what a child took; GNU time has. */
const gnuTime = '/usr/bin/time';

/** Runs a command as a process of its own. @throws where it fails, with what it said */
export async function measured({ args, cwd, env, file }: Command): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dsql-etl-time-'));
  const usage = path.join(folder, 'usage');
  const timed = existsSync(gnuTime);
  const [command = '', ...rest] = timed ? [gnuTime, '-f', '%U %S %M', '-o', usage, file, ...args] : [file, ...args];
  const began = performance.now();
  const child = spawn(command, rest, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const seconds = (performance.now() - began) / 1000;
  try {
    if (status !== 0)
      throw new Error(`${file} ${args.join(' ')} ended with ${status}: ${stderr.slice(-2_000)}${stdout.slice(-1_000)}`);
    if (!timed) return { seconds, cpuSeconds: undefined, peakMb: undefined, stdout };
    const [user = 0, system = 0, peakKb = 0] = readFileSync(usage, 'utf8').trim().split(' ').map(Number);
    return { seconds, cpuSeconds: user + system, peakMb: peakKb / 1024, stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
