import { TerminalError } from '../errors.ts';
import type { RunCounts } from '../state/run-log.ts';

/** The counts of a run do not add up: a row would be lost or doubled without anyone noticing. */
export class CountsMismatchError extends TerminalError {
  override readonly name = 'CountsMismatchError';
  readonly code = 'counts_mismatch';

  constructor(counts: RunCounts) {
    super(
      `The counts do not add up: ${counts.rows_read} rows read, but ${counts.rows_filtered} filtered + ` +
        `${counts.rows_deduplicated} deduplicated + ${counts.rows_rejected} rejected + ${counts.rows_loaded} loaded. ` +
        'The run is not a success; keep its files and report this.',
    );
  }
}
