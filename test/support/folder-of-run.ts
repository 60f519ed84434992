import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import path from 'node:path';

const inMemory = '/dev/shm';
/** Two workers with a local DSQL and large files each take about 1 GiB at the most. */
const leastBytes = 4 * 2 ** 30;

/** Whether there is a file system in memory with room for the files of all tests; there, flushing to disk costs nothing. */
function hasRoomInMemory(): boolean {
  try {
    accessSync(inMemory, constants.W_OK);
    const { bavail, bsize } = statfsSync(inMemory);
    return Math.min(bavail * bsize, freemem()) >= leastBytes;
  } catch {
    return false;
  }
}

/** Gives the run of vitest a folder of its own for all temporary files of tests, in TMPDIR where that is set, and removes it at the end. */
export function setup(): () => void {
  const before = process.env.TMPDIR;
  const parent = before === undefined && hasRoomInMemory() ? inMemory : tmpdir();
  const folder = mkdtempSync(path.join(parent, 'etl-tests-'));
  process.env.TMPDIR = folder;
  return () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
}
