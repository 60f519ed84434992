import type { Config } from '../config/config.ts';
import { chunkGroups, loadMapOf } from '../load/chunk-groups.ts';
import { batchOf, type ScatterSizes } from '../scatter/pieces.ts';

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
  /** Objects or lists get another shape: where the source is cleaned in pieces, it is surveyed twice. */
  readonly shapes: boolean;
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

/** States that a source which is cleaned in pieces enters besides, and those of each child execution of its maps. */
const scatteredTransitions = 6;
const transitionsPerBatch = 3;
/** Its calls besides: split, plan and join in the place of transform. */
const scatteredCalls = 2;
/** What a second survey enters besides its child executions, survey, plan and a choice, and calls besides their functions. */
const secondSurvey = { transitions: 3, calls: 1 };

/** @param pieces  the sizes of the source's pieces; undefined where it is transformed in one function */
export function runInAws(
  size: { readonly rows: number; readonly bytes: number; readonly chunks: number },
  deploy: DeployOfRun,
  more: MoreStates,
  pieces?: ScatterSizes,
): RunInAws {
  const map = loadMapOf(size.bytes, deploy);
  const groups = chunkGroups(size.chunks, map).length;
  const besides = [more.indexes, more.concludes, more.tells, more.takesObjects].filter((one) => one).length;
  const { batches, transforming, transitions: further } = transformOf(size.bytes, deploy, pieces, more.shapes ? 2 : 1);
  // A conclusion stands in the place of a state that only passes on.
  const transitions =
    fixedTransitions + further + groups * transitionsPerGroup[map] + besides - (more.concludes ? 1 : 0);
  const inPieces = scatteredCalls + (more.shapes ? secondSurvey.calls : 0);
  const calls = fixedCalls + (pieces === undefined ? 0 : inPieces) + batches + groups + besides;
  const reading = size.bytes / assumedBytesPerSecond;
  const loading = size.rows / assumedRowsPerSecond;
  const gb = (memoryMb: number, seconds: number): number => (memoryMb / 1024) * seconds;
  const quickCalls = calls - groups - batches - 2;
  return {
    transitions,
    calls,
    gb_seconds:
      gb(deploy.extract.memory_mb, reading + quickSeconds) +
      gb(transforming.memoryMb, transforming.work + (batches + 1) * quickSeconds) +
      gb(
        deploy.load.memory_mb,
        loading * Math.max(1, Math.min(groups, deploy.load_concurrency)) + groups * quickSeconds,
      ) +
      gb(quickMemoryMb, quickCalls * quickSeconds),
    seconds: reading + transforming.seconds + loading + (calls - groups - batches + 1) * quickSeconds,
  };
}

type DeployOfRun = Pick<
  Config['deploy'],
  'extract' | 'transform' | 'scatter' | 'load' | 'load_concurrency' | 'scatter_above_mb' | 'scatter_concurrency'
>;

/** What deciding about the rows takes: in one function, or in many at once. */
function transformOf(
  bytes: number,
  deploy: DeployOfRun,
  pieces: ScatterSizes | undefined,
  surveys: 1 | 2,
): {
  /** Child executions of the maps over pieces, each with one call. */
  readonly batches: number;
  readonly transitions: number;
  /** Seconds of all functions together, from start to end, and the memory of each. */
  readonly transforming: { readonly work: number; readonly seconds: number; readonly memoryMb: number };
} {
  // Each survey, clean and gather goes over all bytes, each time taken to be as slow as a whole transform.
  const work = bytes / assumedBytesPerSecond;
  if (pieces === undefined) {
    return { batches: 0, transitions: 0, transforming: { work, seconds: work, memoryMb: deploy.transform.memory_mb } };
  }
  const batchesOf = (items: number): number => Math.ceil(items / batchOf(items, deploy.scatter_concurrency));
  const ofSlices = batchesOf(Math.ceil(bytes / pieces.partBytes));
  const ofBuckets = batchesOf(Math.ceil(bytes / pieces.bucketBytes));
  const ofEachSlice = surveys + 1;
  const batches = ofEachSlice * ofSlices + ofBuckets;
  const atOnce = (of: number): number => Math.max(1, Math.min(of, deploy.scatter_concurrency));
  const seconds = (ofEachSlice * work) / atOnce(ofSlices) + work / atOnce(ofBuckets) + (ofEachSlice + 1) * quickSeconds;
  return {
    batches,
    transitions: scatteredTransitions + (surveys - 1) * secondSurvey.transitions + batches * transitionsPerBatch,
    transforming: { work: (ofEachSlice + 1) * work, seconds, memoryMb: deploy.scatter.memory_mb },
  };
}
