import { TerminalError } from './errors.ts';

/** A folder under a name that others can guess is not ours alone. */
export class FolderTakenError extends TerminalError {
  override readonly name = 'FolderTakenError';
  readonly code = 'folder_taken';

  constructor(folder: string, reason: string) {
    super(
      `The folder ${folder} cannot be used: it ${reason}. Remove it, or have its owner remove it, and start again.`,
    );
  }
}
