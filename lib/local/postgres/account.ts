import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { currentOwner, takePrivateFolder } from '../../private-folder.ts';

/**
 * How PostgreSQL's programs are started. PostgreSQL refuses to run as root, so root hands it to another account: uid
 * 65534 where that account can reach the files, else a user namespace of its own, else files copied to where 65534
 * can reach them.
 */
export interface PostgresAccount {
  /** Words to put before the program's own. */
  readonly prefix: readonly string[];
  /** uid and gid to spawn with, when they are not our own. */
  readonly id?: { readonly uid: number; readonly gid: number };
  readonly native: string;
  readonly data: string;
  /** Name of our own account as PostgreSQL sees it at the other end of its socket. */
  readonly client: string;
}

const nobody = 65_534;
/** An account that every Linux has, and that nobody logs in as. */
const mapped = { uid: 1, name: 'daemon' };

/** Picks the account for a data folder and the binaries' folder; makes the data's parent reachable where it must. */
export function choosePostgresAccount(native: string, data: string): PostgresAccount {
  const client = userInfo().username;
  if (process.getuid?.() !== 0) return { prefix: [], native, data, client };
  if (isReachable(dirname(data)) && isReachable(native)) {
    giveTo(data, nobody);
    return { prefix: [], id: { uid: nobody, gid: nobody }, native, data, client };
  }
  // Within the namespace every account but the mapped one looks like nobody, so ours gets the name of another.
  const unshare = ['unshare', `--map-user=${mapped.uid}`, `--map-group=${mapped.uid}`, '--'];
  const seen = spawnSync('unshare', [...unshare.slice(1), 'id', '-un'], { stdio: ['ignore', 'pipe', 'ignore'] });
  if (seen.status === 0 && seen.stdout.toString().trim() === mapped.name) {
    giveTo(data, 0);
    return { prefix: unshare, native, data, client: mapped.name };
  }
  const aside = join('/var/tmp', `dsql-etl${data.replaceAll('/', '-')}`);
  const copy = join(aside, 'native');
  takePrivateFolder(aside, currentOwner(), 0o755);
  if (!existsSync(join(copy, 'bin', 'postgres'))) copyReadable(native, copy);
  const moved = join(aside, 'pgdata');
  giveTo(moved, nobody);
  return { prefix: [], id: { uid: nobody, gid: nobody }, native: copy, data: moved, client };
}

/** Copies programs so that another account can run them, whatever this process keeps from others otherwise. */
function copyReadable(from: string, to: string): void {
  const before = process.umask(0o022);
  try {
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  } finally {
    process.umask(before);
  }
}

/** Whether an account that owns nothing here can pass through every folder down to this one. */
function isReachable(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** Hands a data folder and all in it to a user; nothing happens when it is theirs already. */
function giveTo(data: string, uid: number): void {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  if (statSync(data).uid === uid) return;
  for (const entry of readdirSync(data, { recursive: true, encoding: 'utf8' })) chown(join(data, entry), uid);
  chown(data, uid);
}

function chown(path: string, uid: number): void {
  if (!lstatSync(path).isSymbolicLink()) chownSync(path, uid, uid);
}
