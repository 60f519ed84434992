import type { Deployment } from './deployment.ts';

/** What the calls of a function that do the same took. */
export interface CallFigures {
  /** The function, and what it was asked for, e.g. `scatter clean`. */
  readonly name: string;
  readonly calls: number;
  readonly longest_seconds: number;
  readonly peak_mb: number;
  readonly memory_mb: number;
  /** Bytes that one call has read of S3 at the most. */
  readonly most_read: number;
}

/** Lets each function do one call after another, and gives what they took. */
export function measureCalls({ functions, hosts, network }: Deployment): () => readonly CallFigures[] {
  const found = new Map<string, CallFigures>();
  const read = new Map<string, number>();
  network.read = (principal, bytes) => read.set(principal, (read.get(principal) ?? 0) + bytes);
  for (const [fn, host] of Object.entries(hosts)) {
    const invoke = host.invoke.bind(host);
    const memory = functions[fn]?.memoryMb ?? 0;
    let last: Promise<unknown> = Promise.resolve();
    const call = async (event: unknown): Promise<unknown> => {
      read.set(fn, 0);
      const began = performance.now();
      try {
        return await invoke(event);
      } finally {
        const name = nameOf(fn, event);
        const before = found.get(name);
        found.set(name, {
          name,
          calls: (before?.calls ?? 0) + 1,
          longest_seconds: Math.max(before?.longest_seconds ?? 0, (performance.now() - began) / 1000),
          peak_mb: Math.max(before?.peak_mb ?? 0, host.lastPeakMb),
          memory_mb: memory,
          most_read: Math.max(before?.most_read ?? 0, read.get(fn) ?? 0),
        });
      }
    };
    host.invoke = async (event) => {
      const response = last.catch(() => undefined).then(async () => await call(event));
      last = response;
      return await response;
    };
  }
  return () =>
    [...found.values()].map((call) => ({ ...call, longest_seconds: Number(call.longest_seconds.toFixed(1)) }));
}

function nameOf(fn: string, event: unknown): string {
  const { action, work } = event as { readonly action?: string; readonly work?: string };
  return [fn, action, work].filter((word) => word !== undefined).join(' ');
}
