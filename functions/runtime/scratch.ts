import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Where a function keeps its temporary files: the only place Lambda lets it write. */
export const scratchDir = path.join(tmpdir(), 'dsql-etl');

/** Begins an invocation without the files of the one before, which may have been killed; /tmp outlives invocations. */
export async function emptyScratch(): Promise<void> {
  await rm(scratchDir, { recursive: true, force: true });
  await mkdir(scratchDir, { recursive: true, mode: 0o700 });
}
