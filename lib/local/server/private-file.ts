import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a file only its owner can read, whole or not at all. */
export function writePrivately(file: string, text: string): void {
  const draft = writeDraft(file, text);
  renameSync(draft, file);
}

/** Writes a file only its owner can read, unless it is there already: of several that write at once, one wins. */
export function createPrivately(file: string, text: string): void {
  const draft = writeDraft(file, text);
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Beside the file, so that it can take its place in one step; a crash leaves it behind. */
function writeDraft(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode: 0o600 });
  return draft;
}
