import type { Statement } from '../sql/statement.ts';
import { cstrings, message, sync } from '../wire/message.ts';

/** One statement to run, as the client sent it. */
export interface Work {
  readonly statement: Statement;
  /** What makes PostgreSQL run it, ended so that one ReadyForQuery comes. */
  readonly frames: readonly Buffer[];
  /** The frames before its Execute, for when it must not run but they must be answered. None in the simple protocol. */
  readonly prelude: readonly Buffer[];
  /** How to run it again; undefined when that cannot be, as with rows the client streams. */
  readonly rerun: Rerun | undefined;
}

/** A statement with its values, independent of the names the client gave it. */
export interface Rerun {
  /** Types of parameters as Parse gave them: a count and object ids. */
  readonly types: Buffer;
  /** Formats and values as Bind gave them, in the pieces they came in. */
  readonly values: readonly Buffer[];
  /** Bytes of all pieces. */
  readonly size: number;
  /** Asked for by the simple protocol, whose response begins with the rows' description. */
  readonly simple: boolean;
}

/** A statement of the simple protocol: no parameters, results as text. */
export const simpleRerun: Rerun = { types: Buffer.alloc(2), values: [Buffer.alloc(6)], size: 6, simple: true };

const name = '_dsql_again';

/** Frames that run a text with the same values again, in names of the guard's own. */
export function rerunFrames(rerun: Rerun, sql: string): readonly Buffer[] {
  return [
    // What an earlier run that failed has left.
    message('C', cstrings(`S${name}`)),
    message('P', Buffer.concat([cstrings(name, sql), rerun.types])),
    message('B', Buffer.concat([cstrings(name, name), ...rerun.values])),
    message('D', cstrings(`P${name}`)),
    message('E', Buffer.concat([cstrings(name), Buffer.alloc(4)])),
    message('C', cstrings(`P${name}`)),
    sync,
  ];
}
