import { TerminalError } from '../errors.ts';

/** A step of a run would clean its piece by other settings than the steps before it. Nothing was loaded. */
export class PiecesChangedError extends TerminalError {
  override readonly name = 'PiecesChangedError';
  readonly code = 'pieces_changed';

  constructor(pipeline: string) {
    super(
      `Pipeline ${pipeline}: the key of a mask rule, or another setting, is no longer the one with which this run began to clean its source in pieces. Nothing was loaded. Start the run again.`,
    );
  }
}
