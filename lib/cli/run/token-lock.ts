import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../clock.ts';
import { privateFileMode } from '../../private-folder.ts';

/** How often a lock that another process has is looked at. */
const pollMs = 200;

/**
 * A lock between processes, of which each holder has a number larger than that of the one before. A holder that died is
 * passed over by the next number, so that nobody removes a lock that somebody else has just taken.
 */
export interface TokenLock {
  readonly number: number;
  readonly release: () => void;
}

/**
 * Takes the lock when nobody alive has it.
 *
 * @param settled  the number of the last holder that has written down what it did
 * Killed while it is held: the next one sees that the process is gone.
 */
export async function takeLock(
  folder: string,
  name: string,
  settled: () => number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<TokenLock> {
  for (;;) {
    signal?.throwIfAborted();
    const held = numbersOf(folder, name);
    const last = Math.max(0, ...held);
    if (last === 0 || !isAlive(fileOf(folder, name, last))) {
      const number = Math.max(last, settled()) + 1;
      if (create(fileOf(folder, name, number))) {
        // Somebody may have had this number, and have let it go, between the look and the taking.
        if (settled() < number) return { number, release: () => release(folder, name, number) };
        rmSync(fileOf(folder, name, number), { force: true });
      }
    }
    await clock.sleep(pollMs, signal);
  }
}

function release(folder: string, name: string, number: number): void {
  for (const one of numbersOf(folder, name)) if (one <= number) rmSync(fileOf(folder, name, one), { force: true });
}

function numbersOf(folder: string, name: string): readonly number[] {
  const start = `${name}.lock.`;
  return readdirSync(folder).flatMap((file) => (file.startsWith(start) ? [Number(file.slice(start.length))] : []));
}

function fileOf(folder: string, name: string, number: number): string {
  return path.join(folder, `${name}.lock.${number}`);
}

function create(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx', mode: privateFileMode });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Whether the holder still runs; a lock of which the process is not written yet is taken for one that does. */
function isAlive(file: string): boolean {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return false;
  }
  const pid = Number(text);
  if (!Number.isInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
