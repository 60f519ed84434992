import { readFileSync } from 'node:fs';

/** Whether a process of this id runs. A zombie, dead but not yet collected by its parent, does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return stateOf(pid) !== 'Z';
}

/**
 * Whether a process sleeps, and so may be waiting for something; true where that cannot be told. Far cheaper than asking
 * PostgreSQL what its backends wait for, which only one that sleeps needs.
 */
export function mayWait(pid: number): boolean {
  const state = stateOf(pid);
  return state === undefined || state === 'S';
}

/** The state letter of a process as Linux shows it: R running, S sleeping, D waiting for a disk, Z dead. */
function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.charAt(stat.lastIndexOf(')') + 2);
  } catch {
    return undefined;
  }
}
