import { readdirSync, readFileSync } from 'node:fs';

/** Of /proc; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/**
 * User and system seconds that processes and those begun by them have taken so far, as far as they still run; NaN where
 * there is no /proc.
 */
export function processorSeconds(pids: readonly number[]): number {
  try {
    const known = new Set(pids);
    const all = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap(statOf);
    return (
      all.reduce((sum, { parent, pid, ticks }) => sum + (known.has(pid) || known.has(parent) ? ticks : 0), 0) /
      ticksPerSecond
    );
  } catch {
    return Number.NaN;
  }
}

function statOf(name: string): readonly { readonly pid: number; readonly parent: number; readonly ticks: number }[] {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return [{ pid: Number(name), parent: fields[1] ?? 0, ticks: (fields[11] ?? 0) + (fields[12] ?? 0) }];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
