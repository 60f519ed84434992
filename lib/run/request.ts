import type { DataSource } from '../config/data-source.ts';
import type { PipelineSettings } from '../config/pipeline.ts';
import type { ResolveSecret } from '../config/secret.ts';
import type { Target } from '../dsql/target.ts';
import type { ExtractRange } from '../extract/request.ts';
import { cutVersion } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import type { S3Reader } from '../s3-reader.ts';
import type { Stage } from './result.ts';

/** One pipeline, and what every stage of a run needs; the same on a laptop and in a Lambda. */
export interface RunContext {
  readonly pipeline: { readonly name: string; readonly settings: PipelineSettings; readonly dataSource: DataSource };
  /** Folder of the configuration; relative file paths start there. */
  readonly baseDir: string;
  /** Where it loads to; its retries hold the clock and the signal that all stages heed. */
  readonly target: Target;
  readonly store: ObjectStore;
  /** Local folder for temporary files; made when it is not there. */
  readonly scratchDir: string;
  /** Batches in flight at once. */
  readonly connections: number;
  /** Rows of a chunk; the transform's default when left out. */
  readonly chunkRows?: number;
  /** What DuckDB may keep in memory while transforming; the transform's default when left out. */
  readonly transformMemoryMb?: number;
  readonly resolveSecret: ResolveSecret;
  /** Reads `s3://` sources; needed only where there are any. */
  readonly s3?: S3Reader;
  readonly onProgress?: (progress: RunProgress) => void;
}

/** What a run is asked to do besides. */
export interface RunDemand {
  readonly trigger: 'cli' | 'schedule' | 's3' | 'console';
  /** Load a source again that was loaded already, and start an interrupted run over. */
  readonly again: boolean;
  /** Names what started the run, where the same event may come twice: a run of the same event is not begun again. */
  readonly eventId?: string;
  /** Let `replace` take away more of the table than `max_shrink` allows. */
  readonly force?: boolean;
  /** Wait for a run of the same pipeline that is under way, instead of skipping. */
  readonly wait?: boolean;
  /** A slice of an incremental source; it leaves the watermark alone. */
  readonly range?: ExtractRange;
}

/** A run that has begun; it goes from stage to stage as JSON. */
export interface Run {
  readonly run_id: string;
  readonly trigger: RunDemand['trigger'];
  /** ISO 8601, UTC; of this attempt. */
  readonly start_time: string;
  /** Found unfinished, and going on. */
  readonly resumed: boolean;
  /** Rows of this source may be in the table already, from a run that is not this one. */
  readonly repeated: boolean;
  readonly force?: boolean;
  readonly range?: ExtractRange;
}

export interface RunProgress {
  readonly stage: Stage;
  readonly rows: number;
  readonly of?: number;
}

/** Where the run keeps its parts, chunks and manifests in the store. */
export function prefixOf(run: Pick<Run, 'run_id'>): string {
  return `runs/${run.run_id}`;
}

/** Tells beside a run's files which target it loads into, where one store serves several. */
export const runOwnerName = 'owner.json';

/** The manifest of a run's chunk files, of this release; another release's is not seen. */
export function planKey(run: Pick<Run, 'run_id'>): string {
  return `${prefixOf(run)}/clean/manifest-${cutVersion}.json`;
}
