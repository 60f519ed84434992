import { dpuOf } from '../../lib/estimate/dpu.ts';
import { pricesIn } from '../../lib/prices.ts';
import type { StepFigures } from './scatter-machine.ts';

/*
 * Cost and time of a run that is scattered over many functions, step by step: split, survey, plan, clean, gather, load. Of
 * every figure it is said here whether it was measured, is a published limit or price, or is assumed.
 */

/** Measured by `npm run bench -- scale --measure`; `bench/scale-rates.json` holds the last ones. */
export interface ScaleRates {
  /** Of the source that was measured. */
  readonly bytes: number;
  readonly rows: number;
  /** Bytes of the source whose rows were in one bucket, in MiB. */
  readonly bucket_mb: number;
  /** What DuckDB might keep in memory, and what a process might take. */
  readonly memory_limit_mb: number;
  readonly process_mb: number;
  /** The transform in one go, and each step in pieces. */
  readonly whole: StepFigures;
  readonly steps: readonly StepFigures[];
}

/** Settings of the scattered run; sizes in MiB. */
export const scaleSettings = {
  partMb: 128,
  bucketMb: 512,
  /** Functions over parts or buckets at once, and their memory: `deploy.scatter_concurrency` and `deploy.scatter.memory_mb`. */
  concurrency: 200,
  memoryMb: 4_096,
  /** Load functions at once, and their memory: `deploy.max_load_functions` and `deploy.load.memory_mb`. */
  loadFunctions: 20,
  loadMemoryMb: 2_048,
  loadConnections: 4,
  chunkRows: 80_000,
  batchRows: 2_000,
} as const;

/** Lambda gives a function a processor for so much memory (Lambda developer guide, "Configure memory"). */
const memoryMbPerProcessor = 1_769;
/** Assumed: a function reads from S3 as fast as published measurements say, 50 to 87 MB/s. */
const s3BytesPerSecond = 70e6;
/** Assumed: a start, and what a function does before it works. */
const startSeconds = 1.5;
/** Assumed: a request of S3, and how many a function has in flight. */
const requestSeconds = 0.03;
const requestsInFlight = 32;
/** Of a source that is read where it lies (`lib/extract/file/s3-object.ts`). */
const sourceRangeMb = 8;
/** Reads a second of a prefix (S3 user guide, "Optimizing performance"). */
const getsPerSecond = 5_500;
/** List prices of us-east-1 for a million requests (S3 pricing). */
const usdPerMillionPuts = 5;
const usdPerMillionGets = 0.4;
/** Standard child executions that Step Functions starts in a second (developer guide, "Quotas"). */
const childrenPerSecond = 100;
/** States of a child execution that does its work in one call. */
const transitionsPerChild = 3;
/** Assumed: bytes that the survey of a part leaves. */
const surveyBytes = 64 * 1024;
/** Of a new table, until it has split; and of one that has, as AWS's own migration of 1.07 TB ran (103,000 on average). */
const freshRowsPerSecond = 4_000;
const splitRowsPerSecond = 100_000;
/** Assumed: how often a table under load doubles what it takes. */
const doublingSeconds = 300;
/** Assumed: rows that one load function writes in a second. */
const functionRowsPerSecond = 5_000;

export const stepNames = ['split', 'survey', 'plan', 'clean', 'gather', 'load'] as const;
export type StepName = (typeof stepNames)[number];

/** What a run of a size comes to. Times in seconds, money in US dollars. */
export interface ScaledRun {
  readonly bytes: number;
  readonly rows: number;
  readonly parts: number;
  readonly buckets: number;
  readonly chunks: number;
  readonly seconds: Readonly<Record<StepName, number>>;
  /** What bounds each step: processors, requests of S3, starts of executions, or the database. */
  readonly bounds: Readonly<Record<StepName, string>>;
  readonly total: number;
  /** The step that takes longest. */
  readonly binds: StepName;
  readonly puts: number;
  readonly gets: number;
  readonly transitions: number;
  readonly usd: { readonly lambda: number; readonly states: number; readonly s3: number; readonly dsql: number };
  /** Of the table, in bytes. */
  readonly stored: number;
}

/** A run over so many bytes of CSV like the part that was measured, into a new table. */
export function scaledRun(bytes: number, rates: ScaleRates): ScaledRun {
  const { batchRows, bucketMb, chunkRows, concurrency, loadMemoryMb, memoryMb, partMb } = scaleSettings;
  const mb = 1024 * 1024;
  const rowBytes = rates.bytes / rates.rows;
  const rows = bytes / rowBytes;
  const parts = Math.ceil(bytes / (partMb * mb));
  const buckets = Math.ceil(bytes / (bucketMb * mb));
  const chunks = Math.max(buckets, Math.ceil(rows / chunkRows));
  // A part leaves one object, of which each bucket reads where its rows are, and its rows.
  const ranges = parts * buckets * 2;
  const processors = memoryMb / memoryMbPerProcessor;
  const cpuOf = (step: 'clean' | 'gather' | 'survey', work: number): number => {
    const measured = rates.steps.find((one) => one.step === step);
    return ((work / rates.bytes) * (measured?.cpu_seconds ?? Number.NaN)) / processors + work / s3BytesPerSecond;
  };
  const requests = (count: number): number => (count * requestSeconds) / requestsInFlight;

  const partBytes = bytes / parts;
  const bucketBytes = bytes / buckets;
  const one = {
    split: startSeconds + requests(parts),
    survey: startSeconds + cpuOf('survey', partBytes),
    plan: startSeconds + requests(parts) + (parts * surveyBytes) / s3BytesPerSecond,
    clean: startSeconds + cpuOf('clean', partBytes),
    gather: startSeconds + cpuOf('gather', bucketBytes) + requests(2 * parts),
  };
  const children = { split: 1, survey: parts, plan: 1, clean: parts, gather: buckets };
  const load = loadSeconds(rows);
  const limits: Readonly<Record<StepName, readonly (readonly [string, number])[]>> = {
    split: [['one function', one.split]],
    survey: spread(one.survey, parts),
    plan: [['one function', one.plan]],
    clean: spread(one.clean, parts),
    gather: [...spread(one.gather, buckets), ['requests of S3', ranges / getsPerSecond]],
    load: [['the database', load]],
  };
  const worst = (name: StepName): readonly [string, number] =>
    limits[name].reduce((most, next) => (next[1] > most[1] ? next : most));
  const seconds = forSteps((name) => worst(name)[1]);
  const bounds = forSteps((name) => worst(name)[0]);
  const functionSeconds = Object.entries(children).reduce(
    (sum, [name, count]) => sum + count * one[name as keyof typeof one],
    0,
  );
  const calls = Object.values(children).reduce((sum, count) => sum + count, chunks);
  const gbSeconds = (memoryMb / 1024) * functionSeconds + ((loadMemoryMb / 1024) * rows) / functionRowsPerSecond;
  const transitions = calls * transitionsPerChild;
  // Survey and clean read the source itself, in ranges; the rest as test/scatter/reads.long.test.ts counts it. The load reads
  // a chunk twice at the most.
  const sourceReads = 2 * parts * Math.ceil(partBytes / (sourceRangeMb * mb));
  const puts = 3 * parts + buckets + 2 * chunks;
  const gets = ranges + sourceReads + 12 * parts + 3 * buckets + 2 * chunks;
  const { prices } = pricesIn('us-east-1');
  const written = { inserted: rows, updated: 0, unchanged: 0, deleted: 0 };
  const dpu = dpuOf({ row_bytes: rowBytes, transactions: rows / batchRows }, written, 0, false).total;
  const binds = stepNames.reduce((most, name) => (seconds[name] > seconds[most] ? name : most));
  return {
    bytes,
    rows,
    parts,
    buckets,
    chunks,
    seconds,
    bounds,
    total: stepNames.reduce((sum, name) => sum + seconds[name], 0),
    binds,
    puts,
    gets,
    transitions,
    usd: {
      lambda: gbSeconds * prices.perGbSecond.arm64 + (calls * prices.perMillionCalls) / 1e6,
      states: (transitions * prices.perThousandTransitions) / 1e3,
      s3: (puts * usdPerMillionPuts + gets * usdPerMillionGets) / 1e6,
      dsql: (dpu * prices.perMillionDpu) / 1e6,
    },
    stored: rows * Math.max(rowBytes, 128),
  };

  /** Functions over so many items: what their work takes in turns, and what starting them takes. */
  function spread(itemSeconds: number, items: number): readonly (readonly [string, number])[] {
    return [
      ['processors', Math.ceil(items / concurrency) * itemSeconds],
      ['starts of executions', items / childrenPerSecond + itemSeconds],
    ];
  }
}

/** Seconds of a load into a new table, which takes twice as much every five minutes until it or the functions take no more. */
function loadSeconds(rows: number): number {
  const most = Math.min(splitRowsPerSecond, scaleSettings.loadFunctions * functionRowsPerSecond);
  let left = rows;
  let seconds = 0;
  for (let rate = freshRowsPerSecond; rate < most; rate *= 2) {
    if (left <= rate * doublingSeconds) return seconds + left / rate;
    left -= rate * doublingSeconds;
    seconds += doublingSeconds;
  }
  return seconds + left / most;
}

function forSteps<Value>(make: (name: StepName) => Value): Readonly<Record<StepName, Value>> {
  return Object.fromEntries(stepNames.map((name) => [name, make(name)])) as Readonly<Record<StepName, Value>>;
}
