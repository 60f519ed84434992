import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { FolderTakenError } from './folder-taken-error.ts';

/** Reading, writing and entering for the owner alone. */
export const privateFolderMode = 0o700;
export const privateFileMode = 0o600;
/** Every permission of the group and of others. */
const foreignModes = 0o077;
/** Of a folder that everybody may write to, such as /tmp: only its owner may remove an entry. */
const sticky = 0o1000;

/** What tells whether a folder is ours; the process's own, except in tests. */
export interface FolderOwner {
  /** User ids that may own the folder; undefined on Windows, which has none. */
  readonly uids: readonly number[] | undefined;
}

export function currentOwner(): FolderOwner {
  const uid = process.getuid?.();
  return { uids: uid === undefined ? undefined : [uid] };
}

/**
 * Makes a folder that only its owner can enter. One that is there and open to others is closed to them, with everything
 * in it; links in it are left alone, and so is a folder that is not ours or that everybody may write to, such as /tmp:
 * in that one only the named entries are closed. On Windows a folder has the permissions of the one it is in.
 *
 * @param entries  names that are ours in a folder which belongs to everybody
 * Killed midway: what was not closed yet is closed by the next call, since the folder itself is closed last.
 */
export function makePrivateFolder(folder: string, entries: readonly string[] = []): void {
  mkdirSync(folder, { recursive: true, mode: privateFolderMode });
  const { uids } = currentOwner();
  if (uids === undefined) return;
  const found = lstatSync(folder);
  const ours = uids.includes(found.uid) || uids.includes(0);
  if (ours && found.isDirectory() && (found.mode & sticky) === 0) {
    if ((found.mode & foreignModes) !== 0) closeToOthers(folder);
  } else {
    for (const entry of entries) {
      const inner = path.join(folder, entry);
      const stats = lstatSync(inner, { throwIfNoEntry: false });
      if (stats?.isDirectory() === true && uids.includes(stats.uid) && (stats.mode & foreignModes) !== 0)
        closeToOthers(inner);
    }
  }
}

/**
 * Makes a folder whose name others can guess, in a folder that others can write to; or takes the one that is there if
 * nobody else can have put anything into it.
 *
 * @param mode  what may be allowed on it at most; 0700 unless others have to pass through
 * @throws {FolderTakenError} terminal: it is a link or no folder, somebody else's, or open to others
 */
export function takePrivateFolder(
  folder: string,
  owner: FolderOwner = currentOwner(),
  mode: number = privateFolderMode,
): void {
  try {
    mkdirSync(folder, { mode: privateFolderMode });
    if (mode !== privateFolderMode) chmodSync(folder, mode);
    return;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const found = lstatSync(folder);
  if (found.isSymbolicLink()) throw new FolderTakenError(folder, 'is a link');
  if (!found.isDirectory()) throw new FolderTakenError(folder, 'is no folder');
  if (owner.uids === undefined) return;
  if (!owner.uids.includes(found.uid)) throw new FolderTakenError(folder, `belongs to user ${found.uid}`);
  if ((found.mode & foreignModes & ~mode) !== 0) {
    const octal = (found.mode & 0o777).toString(8).padStart(4, '0');
    throw new FolderTakenError(folder, `has mode ${octal}, which lets others in`);
  }
}

/** What is inside first, so that a folder which is closed has nothing open in it. */
function closeToOthers(folder: string): void {
  for (const entry of readdirSync(folder)) {
    const inner = path.join(folder, entry);
    const stats = lstatSync(inner, { throwIfNoEntry: false });
    if (stats === undefined || stats.isSymbolicLink()) continue;
    if (stats.isDirectory()) closeToOthers(inner);
    else if (stats.isFile() && (stats.mode & foreignModes) !== 0) chmodSync(inner, stats.mode & 0o700);
  }
  chmodSync(folder, privateFolderMode);
}
