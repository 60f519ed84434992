import type { Config } from '../config/config.ts';
import { chunkGroups, loadMapOf } from '../load/chunk-groups.ts';

/*
 * What a run of the state machine takes besides the database. The numbers of states and calls are those of the machine, a
 * test compares them; seconds are assumed.
 */

/** States that every success enters, and those of each group of chunks. */
export const fixedTransitions = 21;
export const transitionsPerGroup = { inline: 3, distributed: 4 } as const;

/** Calls of functions in every success, besides one a group: start, extract, transform, admit, define, prepare, record. */
export const fixedCalls = 7;

/**
 * Rows that a load writes in a second, of all its functions: AWS gives "a few thousand" for a table that is new. One that has
 * split takes some ten times as many.
 */
export const assumedRowsPerSecond = 4_000;

/** Bytes of rows that a function reads, or transforms, in a second: some 100 MB of CSV take 5 s on two processors. */
const assumedBytesPerSecond = 20_000_000;

/** Seconds of a function that only reads or writes log and catalog, with its start, and its memory. */
const quickSeconds = 1.5;
const quickMemoryMb = 512;

/** What a run may have besides. */
export interface MoreStates {
  readonly indexes: boolean;
  /** Rows are deleted or verified afterwards. */
  readonly concludes: boolean;
  readonly tells: boolean;
  readonly takesObjects: boolean;
}

/** What a run takes in AWS besides the database. */
export interface RunInAws {
  readonly transitions: number;
  readonly calls: number;
  /** Memory of the functions times their seconds. */
  readonly gb_seconds: number;
  /** From start to end. */
  readonly seconds: number;
}

export function runInAws(
  size: { readonly rows: number; readonly bytes: number; readonly chunks: number },
  deploy: Pick<Config['deploy'], 'extract' | 'transform' | 'load' | 'load_concurrency' | 'scatter_above_mb'>,
  more: MoreStates,
): RunInAws {
  const map = loadMapOf(size.bytes, deploy);
  const groups = chunkGroups(size.chunks, map).length;
  const besides = [more.indexes, more.concludes, more.tells, more.takesObjects].filter((one) => one).length;
  // A conclusion stands in the place of a state that only passes on.
  const transitions = fixedTransitions + groups * transitionsPerGroup[map] + besides - (more.concludes ? 1 : 0);
  const calls = fixedCalls + groups + besides;
  const reading = size.bytes / assumedBytesPerSecond;
  const loading = size.rows / assumedRowsPerSecond;
  const gb = (memoryMb: number, seconds: number): number => (memoryMb / 1024) * seconds;
  const quickCalls = calls - groups - 2;
  return {
    transitions,
    calls,
    gb_seconds:
      gb(deploy.extract.memory_mb, reading + quickSeconds) +
      gb(deploy.transform.memory_mb, reading + quickSeconds) +
      gb(
        deploy.load.memory_mb,
        loading * Math.max(1, Math.min(groups, deploy.load_concurrency)) + groups * quickSeconds,
      ) +
      gb(quickMemoryMb, quickCalls * quickSeconds),
    seconds: 2 * reading + loading + (calls - groups + 1) * quickSeconds,
  };
}
