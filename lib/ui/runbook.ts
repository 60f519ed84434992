import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageFolder } from '../package-folder.ts';

/** What the runbook says about an error's code. */
export interface Remedy {
  readonly means: string;
  readonly todo: string;
}

const file = path.join(packageFolder(), 'docs', 'runbook.md');

let read: ReadonlyMap<string, Remedy> | undefined;

/** What the table of failed runs in docs/runbook.md says about a code; undefined where it says nothing. */
export function remedyOf(code: string): Remedy | undefined {
  read ??= remedies(readFileSync(file, 'utf8'));
  return read.get(code);
}

/** The rows of tables that begin with codes, by each code. */
export function remedies(markdown: string): ReadonlyMap<string, Remedy> {
  const found = new Map<string, Remedy>();
  for (const [, codes = '', means = '', todo = ''] of markdown.matchAll(
    /^\| (`[a-z0-9_`, ]+`) \| (.+?) \| (.+?) \|$/gm,
  )) {
    for (const [, code = ''] of codes.matchAll(/`([a-z0-9_]+)`/g)) found.set(code, { means, todo });
  }
  return found;
}
