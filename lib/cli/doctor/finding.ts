/** What a check found. */
export interface Finding {
  /** ok; warn: it works, and something should be looked at; fail: it cannot work; skip: it could not be checked. */
  readonly status: 'ok' | 'warn' | 'fail' | 'skip';
  /** What is so, in one sentence. */
  readonly what: string;
  /** What to do about it. */
  readonly remedy?: string | undefined;
}

/** A finding with the name of its check; one element of `etl doctor --json`. */
export interface Checked extends Finding {
  readonly check: string;
}

export function ok(what: string): Finding {
  return { status: 'ok', what };
}

export function warn(what: string, remedy: string): Finding {
  return { status: 'warn', what, remedy };
}

export function fail(what: string, remedy: string): Finding {
  return { status: 'fail', what, remedy };
}

export function skip(what: string): Finding {
  return { status: 'skip', what };
}

const marks: Readonly<Record<Finding['status'], string>> = { ok: '✓', warn: '!', fail: '✗', skip: '-' };

/** A finding as lines for a person. */
export function findingLines({ check, remedy, status, what }: Checked): readonly string[] {
  return [`${marks[status]} ${check}: ${what}`, ...(remedy === undefined ? [] : [`    ${remedy}`])];
}
