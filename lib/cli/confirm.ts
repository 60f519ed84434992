import { createInterface } from 'node:readline/promises';
import { TerminalError } from '../errors.ts';

/** A command deletes rows, and nobody is there to say yes. */
export class NotConfirmedError extends TerminalError {
  override readonly name = 'NotConfirmedError';
  readonly code = 'not_confirmed';

  constructor(what: string) {
    super(`${what} Nothing was done: say --yes where nobody can be asked.`);
  }
}

/**
 * Asks on the terminal before something is deleted.
 *
 * @returns whether the answer was yes
 * @throws {NotConfirmedError} where there is no terminal, and `yes` was not said
 */
export async function confirm(what: string, question: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) throw new NotConfirmedError(what);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${what}\n${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
