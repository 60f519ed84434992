import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../postgres/process.ts';

/** Runs `work` while no other process starts a server for the same folder. A lock left by a killed process is broken. */
export async function withStartLock<T>(lockFile: string, work: () => Promise<T>): Promise<T> {
  while (!tryLock(lockFile)) {
    breakDeadLock(lockFile);
    await delay(15);
  }
  try {
    return await work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

function tryLock(lockFile: string): boolean {
  try {
    writeFileSync(lockFile, `${process.pid}`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The rename lets only one of several finders remove it, and what was moved is looked at again before it is thrown away. */
function breakDeadLock(lockFile: string): void {
  if (ownerLives(lockFile)) return;
  const aside = `${lockFile}.${process.pid}.dead`;
  try {
    renameSync(lockFile, aside);
    if (ownerLives(aside)) renameSync(aside, lockFile);
    else rmSync(aside, { force: true });
  } catch {
    // Another process has removed it meanwhile; the next attempt to lock decides.
  }
}

function ownerLives(lockFile: string): boolean {
  try {
    const pid = Number.parseInt(readFileSync(lockFile, 'utf8'), 10);
    // An empty file was made this instant by a process about to write its id.
    return !(pid > 0) || isAlive(pid);
  } catch {
    return true;
  }
}
