import type { Clock } from '../clock.ts';
import type { PipelineSettings } from '../config/pipeline.ts';
import type { ResolveSecret } from '../config/secret.ts';
import type { DataSource } from '../config/source.ts';
import type { Sql } from '../dsql/connect.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Stage } from './result.ts';

/** One pipeline, and everything a run of it needs. */
export interface RunRequest {
  readonly pipeline: { readonly name: string; readonly settings: PipelineSettings; readonly dataSource: DataSource };
  /** Folder of the configuration; relative file paths start there. */
  readonly baseDir: string;
  readonly sql: Sql;
  /** The endpoint and user, for messages. */
  readonly where: { readonly endpoint: string; readonly user: string };
  readonly store: ObjectStore;
  /** Local folder for temporary files. */
  readonly scratchDir: string;
  readonly connections: number;
  readonly trigger: 'cli' | 'schedule' | 's3' | 'console';
  /** Load a source again that was loaded already, and start an interrupted run over. */
  readonly again: boolean;
  readonly resolveSecret: ResolveSecret;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RunProgress) => void;
}

export interface RunProgress {
  readonly stage: Stage;
  readonly rows: number;
  readonly of?: number;
}
