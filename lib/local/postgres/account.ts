import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

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
}

const nobody = 65_534;

/** Picks the account for a data folder and the binaries' folder; makes the data's parent reachable where it must. */
export function choosePostgresAccount(native: string, data: string): PostgresAccount {
  if (process.getuid?.() !== 0) return { prefix: [], native, data };
  if (isReachable(dirname(data)) && isReachable(native)) {
    giveTo(data, nobody);
    return { prefix: [], id: { uid: nobody, gid: nobody }, native, data };
  }
  if (spawnSync('unshare', ['--user', 'true'], { stdio: 'ignore' }).status === 0) {
    giveTo(data, 0);
    return { prefix: ['unshare', '--user', '--'], native, data };
  }
  const aside = join('/var/tmp', `dsql-etl${data.replaceAll('/', '-')}`);
  const copy = join(aside, 'native');
  mkdirSync(aside, { recursive: true, mode: 0o755 });
  if (!existsSync(join(copy, 'bin', 'postgres'))) cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  const moved = join(aside, 'pgdata');
  giveTo(moved, nobody);
  return { prefix: [], id: { uid: nobody, gid: nobody }, native: copy, data: moved };
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
