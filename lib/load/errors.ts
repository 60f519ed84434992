import { TerminalError, TransientError } from '../errors.ts';

/** The table exists and the source's columns do not fit it. */
export class TableMismatchError extends TerminalError {
  override readonly name = 'TableMismatchError';
  readonly code = 'table_mismatch';

  constructor(table: string, problem: string, remedy: string) {
    super(`Table ${table} exists already, and ${problem}. ${remedy}`);
  }
}

/** What the ledger and the chunks say does not agree; nothing more is written. */
export class LedgerMismatchError extends TerminalError {
  override readonly name = 'LedgerMismatchError';
  readonly code = 'ledger_mismatch';

  constructor(runId: string, detail: string) {
    super(
      `The ledger of run ${runId} does not agree with its chunks: ${detail}. Nothing more was written; start over with --again.`,
    );
  }
}

/** The database has written other rows than it was sent, and reported no error. Nothing of the batch was committed. */
export class RowsSkippedError extends TerminalError {
  override readonly name = 'RowsSkippedError';
  readonly code = 'rows_skipped';

  constructor(batch: { readonly chunk: number; readonly id: string; readonly rows: number }, written: number) {
    super(
      `Batch ${batch.id} of chunk ${batch.chunk} has ${batch.rows.toLocaleString('en')} rows, and the database answered for ` +
        `${written.toLocaleString('en')} of them without an error. The batch was not committed. Run again; if it stays so, ` +
        'look for a trigger or rule of the table.',
    );
  }
}

/** A table of more columns than DSQL allows, or of none. */
export class TableShapeError extends TerminalError {
  override readonly name = 'TableShapeError';
  readonly code = 'table_shape';

  constructor(table: string, problem: string, remedy: string) {
    super(`Table ${table} cannot be created: ${problem}. ${remedy}`);
  }
}

/** Someone else dropped the table between two of our looks at it. */
export class TableVanishedError extends TerminalError {
  override readonly name = 'TableVanishedError';
  readonly code = 'table_vanished';

  constructor(table: string) {
    super(`Table ${table} was dropped by someone else while it was being prepared. Run again.`);
  }
}

/** Other runs are changing the table's schema, and did not come to an end. */
export class TableBusyError extends TransientError {
  override readonly name = 'TableBusyError';
  readonly code = 'table_busy';

  constructor(table: string, holder: { readonly host: string; readonly pid: number } | undefined, seconds: number) {
    const who = holder === undefined ? '' : ` (on ${holder.host}${holder.pid === 0 ? '' : `, process ${holder.pid}`})`;
    super(
      `Table ${table} has been changed by other runs${who} for ${seconds} s. Run again when they have ended; what is loaded stays loaded.`,
    );
  }
}

/** A replacement would take away more rows than is likely meant. Nothing was written. */
export class ShrinkRefusedError extends TerminalError {
  override readonly name = 'ShrinkRefusedError';
  readonly code = 'shrink_refused';

  constructor(table: string, present: number, rows: number, maxShrink: number) {
    super(
      `Table ${table} has ${present.toLocaleString('en')} rows and the source ${rows.toLocaleString('en')}; ` +
        `replace would take away more than ${Math.round(maxShrink * 100)} % of them. Nothing was written. ` +
        'If that is right, run again with --force, or raise max_shrink.',
    );
  }
}

/** Who rejected rows of a replacement. */
export type RejectedBy = 'transform' | 'database';

const rejectedBy: Readonly<Record<RejectedBy, string>> = {
  transform: 'rejected, which may be the same ones. Nothing was written.',
  database:
    'refused by the database, perhaps because of these. Nothing was deleted; the other rows are loaded and stay.',
};

/** A replacement would delete rows of which the source may have new versions that were rejected. */
export class RejectedReplaceError extends TerminalError {
  override readonly name = 'RejectedReplaceError';
  readonly code = 'rejected_replace';

  /** `by`: the transform, before anything is written; or the database, when the other rows are in. */
  constructor(table: string, missing: number, rejected: { readonly rows: number; readonly by: RejectedBy }) {
    const rows = `${rejected.rows.toLocaleString('en')} rows of the source`;
    super(
      `replace would delete ${missing.toLocaleString('en')} rows of ${table}, and ${rows} were ${rejectedBy[rejected.by]} ` +
        'Mend the rejected rows (etl_rejected_row has them with their reasons), or use load_mode upsert.',
    );
  }
}

/** replace needs to know which row is which. */
export class ReplaceNeedsKeyError extends TerminalError {
  override readonly name = 'ReplaceNeedsKeyError';
  readonly code = 'replace_needs_key';

  constructor(table: string) {
    super(
      `Table ${table} was not made by this service, so replace needs key_columns to know its rows by. Set key_columns.`,
    );
  }
}

/** A batch failed for good; what to say of it is where, why, what is loaded, and how to go on. */
export class BatchFailedError extends TerminalError {
  override readonly name = 'BatchFailedError';
  readonly code = 'batch_failed';

  constructor(
    batch: string,
    chunk: number,
    words: string,
    sqlState: string | undefined,
    rows: { readonly loaded: number; readonly of: number },
    options: { readonly cause?: unknown },
  ) {
    super(
      `Batch ${batch} of chunk ${chunk} was refused by the database: ${words}${sqlState === undefined ? '' : ` (SQLSTATE ${sqlState})`}. ` +
        `${rows.loaded.toLocaleString('en')} of ${rows.of.toLocaleString('en')} rows are loaded and stay. ` +
        'Remove the cause and run again: the run goes on with the rest.',
      options,
    );
  }
}

/** An index could not be built. The rows are loaded. */
export class IndexFailedError extends TerminalError {
  override readonly name = 'IndexFailedError';
  readonly code = 'index_failed';

  constructor(index: string, table: string, details: string) {
    super(
      `Index ${index} on ${table} could not be built: ${details}. The rows are loaded. Drop the index, remove the cause, and run again.`,
    );
  }
}

/** What is in the table is not what was read. */
export class VerifyFailedError extends TerminalError {
  override readonly name = 'VerifyFailedError';
  readonly code = 'verify_failed';

  constructor(table: string, found: number, expected: number, mode: 'count' | 'full') {
    super(
      `Of ${expected.toLocaleString('en')} rows loaded into ${table} only ${found.toLocaleString('en')} are there` +
        `${mode === 'full' ? ' with the values that were read' : ''}. Something else writes to the table, or a rule of it changes values.`,
    );
  }
}

/** More rows were rejected than the pipeline allows. */
export class TooManyRejectedError extends TerminalError {
  override readonly name = 'TooManyRejectedError';
  readonly code = 'too_many_rejected';

  /** `reasons` are the most frequent ones, as `rejectionTexts` gives them; `loaded` is undefined before the load. */
  constructor(given: {
    readonly rejected: number;
    readonly read: number;
    readonly limit: string;
    readonly reasons: readonly string[];
    readonly loaded: number | undefined;
  }) {
    const { limit, loaded = 0, read, reasons, rejected } = given;
    const stays = loaded === 1 ? 'row is loaded and stays' : 'rows are loaded and stay';
    super(
      `${rejected.toLocaleString('en')} of ${read.toLocaleString('en')} rows were rejected, more than ${limit} allows. ` +
        `${reasons.map((reason) => `${reason} `).join('')}${loaded === 0 ? '' : `${loaded.toLocaleString('en')} ${stays}. `}` +
        'See all in etl_rejected_row; mend the source, or raise the limit.',
    );
  }
}
