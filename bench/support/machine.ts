import { availableParallelism, cpus, loadavg } from 'node:os';

/** What a report says of the machine and the moment: cores, versions, date, and how busy the machine was. */
export function machineText(): string {
  const load = (loadavg()[0] ?? 0).toFixed(0);
  return `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}, ${new Date().toISOString().slice(0, 10)}; load average at the end ${load}, of this and whatever else the machine does`;
}
