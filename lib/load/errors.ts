import { TerminalError } from '../errors.ts';

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
