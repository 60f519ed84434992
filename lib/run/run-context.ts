import type { Config } from '../config/config.ts';
import type { DataSource } from '../config/data-source.ts';
import type { PipelineSettings } from '../config/pipeline.ts';
import type { RefreshTokens } from '../config/refresh-tokens.ts';
import type { ResolveSecret } from '../config/secret.ts';
import type { Target } from '../dsql/target.ts';
import type { RunObjects } from '../extract/request.ts';
import type { Manifest } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import type { S3Reader } from '../s3-reader.ts';
import type { TransformRequest } from '../transform/request.ts';
import type { ExecutionPlace } from './execution-place.ts';
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
  /** The service in AWS as it is configured, by which costs are estimated; as it is by itself when left out. */
  readonly deploy?: Config['deploy'] | undefined;
  readonly resolveSecret: ResolveSecret;
  /** Keeps refresh tokens that change with each use. */
  readonly refreshTokens?: RefreshTokens;
  /** What it reads instead of the configured files. */
  readonly objects?: RunObjects | undefined;
  /** Reads `s3://` sources; needed only where there are any. */
  readonly s3?: S3Reader;
  readonly onProgress?: (progress: RunProgress) => void;
  /** Cleans a source in pieces, into chunks in the store, where it is too large for one go; undefined where it is not. */
  readonly inPieces?: ((request: TransformRequest) => Promise<Manifest | undefined>) | undefined;
  /** Where it runs in AWS, for the log; left out elsewhere. */
  readonly execution?: ExecutionPlace | undefined;
}

/** What DuckDB may keep in memory, in MB: the least of what is asked for and what there is; undefined for its default. */
export function memoryLimit({
  pipeline,
  transformMemoryMb,
}: Pick<RunContext, 'pipeline' | 'transformMemoryMb'>): number | undefined {
  const asked = pipeline.settings.memory_limit_mb;
  return asked === undefined || transformMemoryMb === undefined
    ? (asked ?? transformMemoryMb)
    : Math.min(asked, transformMemoryMb);
}

/** How far a run has come. */
export interface RunProgress {
  readonly stage: Stage;
  readonly rows: number;
  readonly of?: number;
  /** Of the source, that have been read; where it is known. */
  readonly bytes?: number | undefined;
  /** Rows that were rejected so far. */
  readonly rejected?: number | undefined;
  /** Transactions that met a conflict so far, or a lost connection, and were repeated. */
  readonly conflicts?: number | undefined;
}
