import { EtlError, TerminalError } from '../errors.ts';

/** A rule of the configuration that cannot be run: syntax, an unknown column, a function that is not offered. */
export class BadRuleError extends TerminalError {
  override readonly name = 'BadRuleError';
  readonly code = 'bad_rule';

  /** `rule` is 1-based; `excerpt` is the expression with a caret line below it, already formatted. */
  constructor(args: {
    readonly pipeline: string;
    readonly rule: number;
    readonly kind: string;
    readonly problem: string;
    readonly excerpt?: string | undefined;
    readonly cause?: unknown;
  }) {
    const place = args.excerpt === undefined ? '' : `\n${args.excerpt}`;
    super(`Pipeline ${args.pipeline}, business rule ${args.rule} (${args.kind}): ${args.problem}${place}`, {
      cause: args.cause,
    });
  }
}

/** A row has what a business rule with `on_failure: fail` does not allow. Nothing was loaded. */
export class RuleFailedError extends TerminalError {
  override readonly name = 'RuleFailedError';
  readonly code = 'rule_failed';

  /** `rows` is how many there are, `source` and `line` the place of the first one. */
  constructor(args: {
    readonly pipeline: string;
    readonly rule: number | undefined;
    readonly column: string | null;
    readonly reason: string;
    readonly rows: number;
    readonly source: string;
    readonly line: number;
  }) {
    const rows = `${args.rows.toLocaleString('en')} ${args.rows === 1 ? 'row' : 'rows'}`;
    const what = args.column === null ? args.reason : `${args.column} ${args.reason}`;
    super(
      `Pipeline ${args.pipeline}, business rule ${args.rule ?? 0}: of ${rows} (first: ${args.source}, row ${args.line}): ${what}. on_failure is fail, so nothing was loaded. Mend the source, or let the rule reject such rows.`,
    );
  }
}

/** What a lookup rule looks up cannot be used. Nothing was loaded. */
export class LookupError extends TerminalError {
  override readonly name = 'LookupError';
  readonly code = 'bad_lookup';

  constructor(args: {
    readonly pipeline: string;
    readonly rule: number;
    readonly lookup: string;
    readonly problem: string;
  }) {
    super(
      `Pipeline ${args.pipeline}, business rule ${args.rule} (lookup): ${args.lookup} cannot be looked up: ${args.problem}. Nothing was loaded. Mend it, or choose other columns for on.`,
    );
  }
}

/** Rules take far longer than reading the source does. */
export class RuleTimeoutError extends TerminalError {
  override readonly name = 'RuleTimeoutError';
  readonly code = 'rule_timeout';

  constructor(args: {
    readonly pipeline: string;
    readonly rule: number;
    readonly kind: string;
    readonly text: string;
    readonly seconds: number;
  }) {
    const text = args.text.length > 200 ? `${args.text.slice(0, 200)}…` : args.text;
    super(
      `Pipeline ${args.pipeline}: the business rules were not computed within ${args.seconds.toLocaleString('en-US')} s; the slowest is rule ${args.rule} (${args.kind}: ${text}). Simplify it, or raise rule_timeout_seconds.`,
    );
  }
}

/** Two names of one list mean the same column, e.g. by the name in the source and the name in the target. */
export class RepeatedColumnError extends TerminalError {
  override readonly name = 'RepeatedColumnError';
  readonly code = 'repeated_column';

  constructor(args: { readonly pipeline: string; readonly setting: string; readonly column: string }) {
    super(`Pipeline ${args.pipeline}: ${args.setting} names the column ${args.column} twice. Name it once.`);
  }
}

/** A setting names a column that the source does not have. */
export class UnknownColumnError extends TerminalError {
  override readonly name = 'UnknownColumnError';
  readonly code = 'unknown_column';

  constructor(args: {
    readonly pipeline: string;
    readonly setting: string;
    readonly column: string;
    readonly nearest?: string | undefined;
    readonly known: readonly string[];
    /** What does not have it. */
    readonly where: string;
  }) {
    const hint =
      args.nearest === undefined
        ? `The columns are ${args.known.slice(0, 20).join(', ')}${args.known.length > 20 ? ', …' : ''}.`
        : `Did you mean ${args.nearest}?`;
    super(
      `Pipeline ${args.pipeline}: ${args.setting} names ${args.column}, which ${args.where} does not have. ${hint}`,
    );
  }
}

/** The source does not fit the table or the contract, and the pipeline says that this fails the run. */
export class SourceDriftError extends TerminalError {
  override readonly name = 'SourceDriftError';
  readonly code = 'source_drift';

  /** `setting` is the one that makes it fail; `drift` is a sentence of what has changed. */
  constructor(args: { readonly pipeline: string; readonly setting: string; readonly drift: string }) {
    super(
      `Pipeline ${args.pipeline}: ${args.drift} ${args.setting} is fail, so nothing was loaded. Mend the source, or change the configuration.`,
    );
  }
}

/** A name chosen for a column belongs to another one. */
export class RenameCollisionError extends TerminalError {
  override readonly name = 'RenameCollisionError';
  readonly code = 'rename_collision';

  /** `setting` is the one that chooses it. */
  constructor(args: {
    readonly pipeline: string;
    readonly setting: string;
    readonly source: string;
    readonly name: string;
  }) {
    super(
      `Pipeline ${args.pipeline}: ${args.setting} gives ${args.source} the name ${args.name}, which another column or the service itself has. Choose another name, or leave the other column out with exclude.`,
    );
  }
}

/** The table has columns whose types cannot hold what `columns` declares. Nothing was loaded. */
export class ContractMismatchError extends TerminalError {
  override readonly name = 'ContractMismatchError';
  readonly code = 'contract_mismatch';

  /** `breaks` says of each column what is declared and what the table has; `remedy` is what brings the table there. */
  constructor(args: {
    readonly pipeline: string;
    readonly table: string;
    readonly breaks: readonly string[];
    readonly remedy: string;
  }) {
    super(
      `Pipeline ${args.pipeline}: table ${args.table} cannot keep the contract: ${args.breaks.join('; ')}. Nothing was loaded.\n${args.remedy}`,
    );
  }
}

/** `flatten` or `explode` is for values that the source does not have. */
export class NestedSourceError extends TerminalError {
  override readonly name = 'NestedSourceError';
  readonly code = 'nested_source';

  constructor(args: { readonly pipeline: string; readonly problem: string }) {
    super(
      `Pipeline ${args.pipeline}: ${args.problem}. flatten and explode are for objects and lists of JSON, Parquet and APIs; name another column, or remove the setting.`,
    );
  }
}

/** A source that cannot be read at all, in distinction to rows of it that cannot. */
export class UnreadableSourceError extends TerminalError {
  override readonly name = 'UnreadableSourceError';
  readonly code = 'unreadable_source';

  constructor(args: { readonly source: string; readonly problem: string; readonly cause?: unknown }) {
    super(`${args.source}: ${args.problem}`, { cause: args.cause });
  }
}

/** More columns than a DSQL table holds. */
export class TooManyColumnsError extends TerminalError {
  override readonly name = 'TooManyColumnsError';
  readonly code = 'too_many_columns';

  constructor(args: { readonly columns: number; readonly maximum: number }) {
    super(
      `The table would have ${args.columns} columns; Aurora DSQL allows ${args.maximum}. Nest the variable keys in one object (it becomes jsonb), or load fewer columns.`,
    );
  }
}

/** The disk for temporary files cannot hold what cleaning the source takes. */
export class DiskTooSmallError extends TerminalError {
  override readonly name = 'DiskTooSmallError';
  readonly code = 'disk_too_small';

  /**
   * Sizes in bytes; `needed` is the least that the parts and the working files take. Where the source is cleaned in pieces,
   * `fits` is how much of it would fit.
   */
  constructor(args: {
    readonly input: number;
    readonly parts: number;
    readonly needed: number;
    readonly free: number;
    readonly fits?: number | undefined;
  }) {
    const { fits, free, input, needed, parts } = args;
    const source = `The source has ${megabytes(input)} in ${parts} ${parts === 1 ? 'part' : 'parts'}; to clean it`;
    const room = `takes at least ${megabytes(needed)} of disk, and ${megabytes(free)} are free for temporary files`;
    super(
      fits === undefined
        ? `${source} ${room}. Split it into several files, each loaded by a run of its own, or into several pipelines; or make room: in AWS by deploy.transform.scratch_mb (10,240 at most), elsewhere on the disk.`
        : `${source} in pieces, which hold its cleaned rows twice, ${room}. At most ${megabytes(fits)} of it would fit: load it in several runs, each of some of its files, make room on the disk, or set ETL_HOME to a folder of a larger one; where a piece alone does not fit, lower piece_mb.`,
    );
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024).toLocaleString('en')} MiB`;
}

/** The counts of a stage do not add up: a defect, never the data's fault; the run must not go on. */
export class RowsUnaccountedError extends TerminalError {
  override readonly name = 'RowsUnaccountedError';
  readonly code = 'rows_unaccounted';

  constructor(args: { readonly where: string; readonly expected: number; readonly found: number }) {
    super(
      `${args.where}: ${args.expected} rows expected, ${args.found} found. Nothing was loaded. Please report this with the file that shows it.`,
    );
  }
}

/** DuckDB gave up for a reason outside the rows, e.g. no memory or no disk left. */
export class TransformFailedError extends TerminalError {
  override readonly name = 'TransformFailedError';
  readonly code = 'transform_failed';

  /** DuckDB's messages may quote values, so only the kind of its error is shown; the whole is in `cause`. */
  constructor(args: { readonly cause: unknown }) {
    const text = args.cause instanceof Error ? args.cause.message : String(args.cause);
    const kind = /^([A-Z][A-Za-z ]{2,40}(?:Error|Exception)):/.exec(text)?.[1] ?? 'unknown error';
    super(`The rows could not be transformed: DuckDB answered "${kind}".${remedyOf(kind)}`, { cause: args.cause });
  }
}

/** What a transform is said to fail with: the reason of an abort, one of our errors, or what DuckDB or the disk refused. */
export function transformFailure(signal: AbortSignal | undefined, error: unknown): unknown {
  if (signal?.aborted === true) return signal.reason;
  return error instanceof EtlError ? error : new TransformFailedError({ cause: error });
}

function remedyOf(kind: string): string {
  if (kind === 'Out of Memory Error') {
    return ' Give the run more memory, or more space for temporary files.';
  }
  return kind === 'IO Error' ? ' Look at the disk that holds the temporary files: is it full?' : '';
}
