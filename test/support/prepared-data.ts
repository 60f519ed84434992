import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { holdLocalDsql } from '../../lib/local/client.ts';
import { localFolder } from '../../lib/local/postgres/folder.ts';
import { withStartLock } from '../../lib/local/server/start-lock.ts';

/**
 * Puts a copy of a data folder that is set up already into a new state folder: the first start of a local DSQL there
 * then takes as long as any later one. The first call of a run of vitest makes the original, by starting one.
 */
export async function prepareData(stateDir: string): Promise<void> {
  const original = path.join(tmpdir(), 'prepared');
  if (!existsSync(original)) await withStartLock(`${original}.lock`, async () => await makeOriginal(original));
  const { data, root } = localFolder(stateDir);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  await promisify(execFile)('cp', ['-a', original, data]);
}

async function makeOriginal(original: string): Promise<void> {
  if (existsSync(original)) return;
  const stateDir = `${original}.new`;
  const hold = await holdLocalDsql({ stateDir, durability: 'process' });
  await hold.release();
  renameSync(localFolder(stateDir).data, original);
}
