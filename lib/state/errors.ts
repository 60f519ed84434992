import { TerminalError } from '../errors.ts';

/** The run's lease went to another process, which now is the one that writes. */
export class LeaseLostError extends TerminalError {
  override readonly name = 'LeaseLostError';
  readonly code = 'lease_lost';

  constructor(pipeline: string) {
    super(
      `The lease of pipeline ${pipeline} went to another run, because it was not renewed in time. ` +
        'This run writes nothing more; the next run finishes what it has begun, or closes it.',
    );
  }
}

/** The service's tables were made by a release that this one knows nothing of. */
export class NewerStateError extends TerminalError {
  override readonly name = 'NewerStateError';
  readonly code = 'newer_state';

  constructor(version: number, known: number) {
    super(
      `The service's tables in this database are of version ${version}, and this release of dsql-etl knows version ${known}. ` +
        'Nothing was done. Update dsql-etl to the release that made them.',
    );
  }
}
