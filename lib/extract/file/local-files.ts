import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { nearest } from '../../nearest.ts';
import { SourceFileNotFoundError, SourceFileUnreadableError } from './errors.ts';

export interface FoundFile {
  readonly shown: string;
  /** Absolute. */
  readonly location: string;
}

/**
 * The files a configured path means, in the order of their names; a folder means all files right inside it.
 *
 * @throws {SourceFileNotFoundError} when it means none, with the nearest name there is
 */
export async function findLocalFiles(configured: string, baseDir: string): Promise<readonly FoundFile[]> {
  const location = path.resolve(baseDir, configured);
  const found = await statOf(location, configured);
  if (found?.isFile() === true) return [{ shown: configured, location }];
  if (found?.isDirectory() === true) return await filesIn(`${escapeGlob(configured)}/*`, configured, baseDir);
  if (found !== undefined) {
    throw new SourceFileUnreadableError(configured, { cause: new Error('it is neither a file nor a folder') });
  }
  if ((await import('tinyglobby')).isDynamicPattern(configured)) return await filesIn(configured, configured, baseDir);
  throw new SourceFileNotFoundError(configured, location, await nearestFile(configured, location));
}

async function filesIn(pattern: string, configured: string, baseDir: string): Promise<readonly FoundFile[]> {
  const { glob } = await import('tinyglobby');
  const absolute = path.isAbsolute(configured);
  const names = await glob(pattern, { cwd: baseDir, absolute, onlyFiles: true, dot: false, expandDirectories: false });
  if (names.length === 0) throw new SourceFileNotFoundError(configured, path.resolve(baseDir, configured), undefined);
  return names
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .map((name) => ({ shown: name, location: path.resolve(baseDir, name) }));
}

function escapeGlob(name: string): string {
  return name.replace(/[\\/]+$/, '').replace(/[\\*?[\]{}()!@+|]/g, '\\$&');
}

async function statOf(location: string, shown: string) {
  try {
    return await stat(location);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new SourceFileUnreadableError(shown, { cause });
  }
}

/** The name in the same folder that was most likely meant, written as the configuration would write it. */
async function nearestFile(configured: string, location: string): Promise<string | undefined> {
  try {
    const name = nearest(path.basename(location), await readdir(path.dirname(location)));
    return name === undefined ? undefined : path.join(path.dirname(configured), name);
  } catch {
    return undefined;
  }
}
