import type { Remedies } from '../remedy.ts';

/** Of runs, in English. */
export const run = {
  abandoned: { means: 'A later run has closed this one.', todo: 'Nothing; see the run that closed it.' },
  already_loaded: {
    means: 'The last load into the table was of this content under this configuration.',
    todo: 'Nothing; `--again` loads it once more.',
  },
  already_running: { means: 'A run of the pipeline is under way.', todo: 'Nothing; `--wait` waits for it.' },
  budget_exceeded: {
    means: "The run would cost more than its pipeline's budget allows; nothing was written.",
    todo: 'Load less at once, or raise `budget`; `etl estimate` explains the figures.',
  },
  confirmation_outdated: {
    means: 'What the confirmation named is not what would be deleted now; nothing was done.',
    todo: 'Look again, and confirm what is shown.',
  },
  counts_mismatch: {
    means: 'The counts of the run do not add up: a defect.',
    todo: 'Keep the files under `runs/<run_id>/` and report it.',
  },
  disk_too_small: {
    means: "The source does not fit on the disk for temporary files; in AWS that is the transform's `/tmp`.",
    todo: 'Split it into several files or pipelines; raise `deploy.transform.scratch_mb` where it is below 10,240, or make room on the disk.',
  },
  earlier_run: {
    means: 'Rows of an earlier run are in the table and cannot be told from others.',
    todo: 'Look at the table and settle it as the message says.',
  },
  interrupted: { means: 'The run was told to stop.', todo: 'Run again; it goes on where it stopped.' },
  ledger_mismatch: {
    means: 'What the ledger and the chunks say does not agree: a defect.',
    todo: 'Keep the files under `runs/<run_id>/` and report it; `--again` starts over.',
  },
  pipeline_busy: {
    means: 'A run of the pipeline is under way; nothing was changed.',
    todo: 'Wait until it has ended.',
  },
  rejected_replace: {
    means: '`replace` would delete rows of which the source may have new versions that were rejected.',
    todo: 'Mend the rejected rows, or use `load_mode: upsert`.',
  },
  repeated_event: {
    means: 'The same event had started a run before.',
    todo: 'Nothing; start the pipeline by hand to run it again.',
  },
  replay_refused: { means: 'Rejected rows of the run cannot be run again.', todo: 'Do as the message says.' },
  rows_unaccounted: {
    means: 'The counts of a stage do not add up: a defect; nothing was loaded.',
    todo: 'Keep the files under `runs/<run_id>/` and report it.',
  },
  shrink_refused: {
    means: '`replace` would take away more rows than is likely meant; nothing was written.',
    todo: 'Check the source. If it is right, run again with `--force`, or raise `max_shrink`.',
  },
  source_drift: {
    means:
      'The source has a new column, lacks one, or has a value that does not fit, and the pipeline says that this fails the run; nothing was made or loaded.',
    todo: 'Mend the source, or change `on_new_column`, `on_missing_column` or `on_type_mismatch`.',
  },
  source_settings_changed: {
    means: 'The run was called again with other source settings than it began with.',
    todo: 'Start a new run.',
  },
  too_many_rejected: {
    means: 'More rows were rejected than `max_rejected_rows` or `max_rejected_ratio` allows.',
    todo: 'See why among the rejected rows; mend the source, or raise the limit.',
  },
  transform_failed: {
    means: 'Cleaning the rows failed for a reason outside them, e.g. no memory or no disk left.',
    todo: 'Give more memory (`memory_limit_mb`, in AWS `deploy.transform.memory_mb`) or disk, or load less at once.',
  },
  undo_refused: {
    means: 'The run cannot be taken back exactly, or there is nothing of it to take back.',
    todo: 'Do as the message says; `etl reset` begins anew.',
  },
  undo_under_way: {
    means: 'Rows of the table are being taken back for another pipeline; nothing was loaded.',
    todo: 'Run again when that has ended, or with `--wait`.',
  },
  unexpected: {
    means: 'An error that the service does not know; the message has its kind, its words and where it was thrown.',
    todo: "Report it with the message; in AWS the function's log has the whole stack (`filter @message like /unexpected/`).",
  },
  unknown_run: {
    means: 'The log has no run of this id, or several that begin so.',
    todo: 'See them with `etl runs`, and give more of the id.',
  },
} as const satisfies Remedies;
