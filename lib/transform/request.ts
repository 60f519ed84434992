import type { PipelineSettings } from '../config/pipeline.ts';
import type { TerminalError } from '../errors.ts';
import type { RawManifest } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import type { LocalPart } from './read/local-part.ts';

/** What transform needs to know of a pipeline. */
export type TransformSettings = Pick<
  PipelineSettings,
  | 'business_rules'
  | 'rule_timeout_seconds'
  | 'key_columns'
  | 'required_columns'
  | 'deduplicate'
  | 'blank_text'
  | 'date_format'
  | 'columns'
  | 'load_mode'
  | 'latest_by'
  | 'rename'
  | 'select'
  | 'exclude'
  | 'flatten'
  | 'explode'
  | 'target_table'
  | 'on_new_column'
  | 'on_missing_column'
  | 'on_type_mismatch'
  | 'indexes'
  | 'pieces_above_mb'
  | 'piece_mb'
> & {
  /** The pipeline's name, for messages. */
  readonly name: string;
};

/** A column of a table that exists, as its catalog tells it. */
export interface TargetColumn {
  readonly name: string;
  /** As `format_type` prints it, e.g. `numeric(10,2)`, `timestamp with time zone`. */
  readonly type: string;
  readonly nullable: boolean;
  /** The database fills it when an INSERT leaves it out. */
  readonly hasDefault?: boolean | undefined;
  /** The primary key of a table that the service has made: the rows' ids. */
  readonly isId?: boolean | undefined;
}

export interface TransformProgress {
  readonly rows: number;
  readonly stage: 'read' | 'clean';
}

/** What a lookup rule looks up, on the local disk. */
export interface LookupInput {
  /** Of the rule, from 1. */
  readonly number: number;
  readonly raw: RawManifest;
  /** The parts, all on the local disk. */
  readonly parts: readonly LocalPart[];
  /** Types of its columns, where they are known. */
  readonly types: Readonly<Record<string, string>>;
}

export interface TransformRequest {
  /** The parts to read, all of one format. */
  readonly raw: RawManifest;
  readonly settings: TransformSettings;
  readonly store: ObjectStore;
  /** Where results go in the store, e.g. `runs/<run_id>`. */
  readonly prefix: string;
  /** An existing folder of the local disk for working files, 0.3 to 4 × the input. Left as it was found. */
  readonly scratchDir: string;
  /** Keys of mask rules that have one, by the rule's place among the business rules, from 1. */
  readonly maskKeys?: ReadonlyMap<number, string> | undefined;
  /** Reads what lookup rules look up, onto the local disk; asked once, when rows are decided about. */
  readonly readLookups?: (() => Promise<readonly LookupInput[]>) | undefined;
  /** Columns of the target where it exists: their types rule, and what does not fit them is rejected. */
  readonly targetColumns?: readonly TargetColumn[] | undefined;
  /** Rows of one clean Parquet file; default 80,000. */
  readonly chunkRows?: number | undefined;
  /** What DuckDB may keep in memory; default: `mostMemoryMb`. */
  readonly memoryLimitMb?: number | undefined;
  readonly threads?: number | undefined;
  /** No more rows are read than about these, the first ones; of Parquet all are. */
  readonly firstRows?: number | undefined;
  /** Tell of text columns why they are no narrower type; costs another pass over them. */
  readonly explain?: boolean | undefined;
  /**
   * Told of what a run fails with although its rows can be read, e.g. drift that is not allowed, in place of throwing it:
   * a look at the source goes on.
   */
  readonly onRefusal?: ((error: TerminalError) => void) | undefined;
  /** Asked before rows are decided about that no earlier call has; throws where they must not be. */
  readonly beforeCleaning?: (() => Promise<void>) | undefined;
  /** Throws when a part is no longer what was extracted; asked when all have been read. */
  readonly checkParts?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TransformProgress) => void) | undefined;
}

/** @throws {TerminalError} the error, unless the request only wants to be told */
export function refuse({ onRefusal }: Pick<TransformRequest, 'onRefusal'>, error: TerminalError): void {
  if (onRefusal === undefined) throw error;
  onRefusal(error);
}
