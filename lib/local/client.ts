/**
 * The local Aurora DSQL: a server of its own process, shared by every command of one state folder.
 *
 * `holdLocalDsql` attaches or starts and keeps it up while held; `startLocalDsql` keeps it up until `stopLocalDsql`.
 * A token is what a client sends as its password: `localDsqlToken` of sign-in.ts, or `@aws-sdk/dsql-signer` with the local credentials,
 * region and host name. Connect over TLS with the endpoint's CA as `admin` to database `postgres`.
 */
import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { packageFolder } from '../package-folder.ts';
import { makePrivateFolder } from '../private-folder.ts';
import type { FaultSettings } from './concurrency/faults.ts';
import {
  LocalControlClosedError,
  LocalControlRefusedError,
  LocalDsqlBusyError,
  LocalDsqlNotBuiltError,
  LocalDsqlNotRunningError,
  LocalDsqlStartError,
} from './errors.ts';
import { loadCredentials } from './gate/credentials.ts';
import { type LocalFolder, localFolder } from './postgres/folder.ts';
import { isAlive } from './postgres/process.ts';
import type { Durability } from './postgres/server.ts';
import type { LocalLimits } from './rules/limits.ts';
import { ControlClient } from './server/control-client.ts';
import {
  type ControlResponse,
  controlResponseSchema,
  type LocalEndpoint,
  type ServerOptions,
} from './server/control-protocol.ts';
import { withStartLock } from './server/start-lock.ts';

export type { LocalEndpoint } from './server/control-protocol.ts';

/** How to attach to, or start, the local DSQL of a state folder. */
export interface LocalDsqlOptions {
  /** `.etl/` beside the configuration. */
  readonly stateDir: string;
  /** 0 or absent: a free port. A running server on another port is an error. */
  readonly port?: number;
  /** Used when this call starts the server; a running one keeps its own. */
  readonly limits?: Partial<LocalLimits>;
  /** `machine` by default: every COMMIT is flushed to disk. `process` survives kills but not a crash of the machine. */
  readonly durability?: Durability;
}

/** AWS credentials that only the local DSQL accepts. */
export interface LocalAwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface LocalDsqlHold {
  readonly endpoint: LocalEndpoint;
  readonly credentials: LocalAwsCredentials;
  /** Lets go. When the last holder does and nobody ran `etl local start`, the server's process is gone when this resolves. */
  release(): Promise<void>;
}

/** What `localDsqlStatus` tells. */
export interface LocalDsqlStatus extends LocalEndpoint {
  /** Started to stay, by `etl local start`. */
  readonly persistent: boolean;
  readonly holders: number;
  readonly connections: number;
  readonly postgresPid: number;
  readonly startedAt: string;
}

const startTimeoutMs = 60_000;
const stopTimeoutMs = 20_000;
/** The log is begun anew at a start that finds it larger. */
const maxLogBytes = 5 * 1024 * 1024;

/**
 * Attaches to the running local DSQL of this state folder, or starts it; it stays up while anyone holds it. A holder
 * that is killed lets go by dying.
 *
 * @throws {LocalDsqlStartError} transient: the server did not come up
 * @throws {LocalDsqlBusyError} terminal: it runs on another port than asked for
 */
export async function holdLocalDsql(options: LocalDsqlOptions): Promise<LocalDsqlHold> {
  const { control, response } = await attach(options, 'hold');
  const endpoint = endpointOf(response);
  const folder = localFolder(options.stateDir);
  control.unref();
  let released: Promise<void> | undefined;
  const { accessKeyId, secretAccessKey } = loadCredentials(folder.credentialsFile);
  return {
    endpoint,
    credentials: { accessKeyId, secretAccessKey },
    release: () => {
      released ??= letGo(control, endpoint.pid);
      return released;
    },
  };
}

/** Starts the local DSQL, or finds it running, and lets it run on when this process ends. */
export async function startLocalDsql(options: LocalDsqlOptions): Promise<LocalDsqlStatus> {
  const { control, response } = await attach(options, 'persist');
  control.close();
  return statusOf(response);
}

/** Stops the local DSQL whoever holds it. False when none ran. Its process is gone when this resolves. */
export async function stopLocalDsql(stateDir: string): Promise<boolean> {
  const control = await connectRunning(localFolder(stateDir));
  if (control === undefined) return false;
  const response = await control.ask({ op: 'stop' });
  await waitForEnd(endpointOf(response).pid);
  return true;
}

/** The running local DSQL of a state folder; undefined when none runs. */
export async function localDsqlStatus(stateDir: string): Promise<LocalDsqlStatus | undefined> {
  const control = await connectRunning(localFolder(stateDir));
  if (control === undefined) return undefined;
  const response = await control.ask({ op: 'status' });
  control.close();
  return statusOf(response);
}

function statusOf(response: ControlResponse): LocalDsqlStatus {
  return {
    ...endpointOf(response),
    persistent: response.persistent ?? false,
    holders: response.holders ?? 0,
    connections: response.connections ?? 0,
    postgresPid: response.postgresPid ?? 0,
    startedAt: response.startedAt ?? '',
  };
}

/** Replaces the faults the running local DSQL makes; `{}` ends them all. Returns them as they stand. */
export async function setLocalFaults(stateDir: string, faults: FaultSettings): Promise<FaultSettings> {
  const control = await connectRunning(localFolder(stateDir));
  if (control === undefined) throw new LocalDsqlNotRunningError(stateDir);
  const response = await control.ask({ op: 'set-faults', faults });
  control.close();
  return response.faults ?? {};
}

interface Attached {
  readonly control: ControlClient;
  readonly response: ControlResponse;
}

async function attach(options: LocalDsqlOptions, op: 'hold' | 'persist'): Promise<Attached> {
  const folder = localFolder(options.stateDir);
  makePrivateFolder(options.stateDir, ['local']);
  makePrivateFolder(folder.root);
  const deadline = systemClock.now().getTime() + startTimeoutMs;
  for (;;) {
    const attached =
      (await attachRunning(folder, op)) ??
      (await withStartLock(folder.lockFile, () => startAndAttach(options, folder, op)));
    if (attached !== undefined) {
      const { port } = endpointOf(attached.response);
      if (options.port === undefined || options.port === 0 || options.port === port) return attached;
      attached.control.close();
      throw new LocalDsqlBusyError(port, options.port);
    }
    if (systemClock.now().getTime() > deadline)
      throw new LocalDsqlStartError('it ended again and again', folder.logFile);
  }
}

async function startAndAttach(
  options: LocalDsqlOptions,
  folder: LocalFolder,
  op: 'hold' | 'persist',
): Promise<Attached | undefined> {
  const running = await attachRunning(folder, op);
  if (running !== undefined) return running;
  await spawnServer(options, folder);
  return await attachRunning(folder, op);
}

/** Attaches to the server that runs; waits for one that is closing to be gone. */
async function attachRunning(folder: LocalFolder, op: 'hold' | 'persist'): Promise<Attached | undefined> {
  const state = readState(folder);
  if (state === undefined) return undefined;
  const control = await connectRunning(folder);
  if (control !== undefined) {
    try {
      return { control, response: await control.ask({ op }) };
    } catch (error) {
      control.close();
      if (!(error instanceof LocalControlClosedError || error instanceof LocalControlRefusedError)) throw error;
    }
  }
  await waitForEnd(endpointOf(state).pid);
  return undefined;
}

async function connectRunning(folder: LocalFolder): Promise<ControlClient | undefined> {
  const state = readState(folder);
  if (state?.controlSocket === undefined || !isAlive(endpointOf(state).pid)) return undefined;
  try {
    return await ControlClient.connect(state.controlSocket);
  } catch {
    return undefined;
  }
}

function readState(folder: LocalFolder): ControlResponse | undefined {
  try {
    return controlResponseSchema.parse(JSON.parse(readFileSync(folder.stateFile, 'utf8')));
  } catch {
    return undefined;
  }
}

function endpointOf(response: ControlResponse): LocalEndpoint {
  if (response.endpoint === undefined) throw new LocalControlRefusedError('it did not say where it listens');
  return response.endpoint;
}

async function spawnServer(options: LocalDsqlOptions, folder: LocalFolder): Promise<void> {
  const server: ServerOptions = {
    stateDir: options.stateDir,
    port: options.port ?? 0,
    limits: { ...options.limits },
    durability: options.durability ?? 'machine',
  };
  const log = openSync(folder.logFile, sizeOf(folder.logFile) > maxLogBytes ? 'w' : 'a', 0o600);
  const child = spawn(process.execPath, [serverEntry(), JSON.stringify(server)], {
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
  });
  const pipe = child.stdio[3];
  const response = await new Promise<ControlResponse>((resolve) => {
    let text = '';
    pipe?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    pipe?.once('close', () => {
      resolve(text === '' ? { ok: false, error: 'its process ended' } : controlResponseSchema.parse(JSON.parse(text)));
    });
    child.once('error', (error) => resolve({ ok: false, error: messageOf(error) }));
  });
  child.unref();
  if (!response.ok) throw new LocalDsqlStartError(response.error ?? 'no reason given', folder.logFile);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** The compiled server. */
function serverEntry(): string {
  const entry = path.join(packageFolder(), 'dist', 'lib', 'local', 'server', 'main.js');
  if (!existsSync(entry)) throw new LocalDsqlNotBuiltError(entry);
  return entry;
}

async function letGo(control: ControlClient, pid: number): Promise<void> {
  const { holders = 0, persistent = false } = await control
    .ask({ op: 'release' })
    .catch((): Pick<ControlResponse, 'holders' | 'persistent'> => ({}));
  control.close();
  if (holders === 0 && !persistent) await waitForEnd(pid);
}

async function waitForEnd(pid: number): Promise<void> {
  const deadline = systemClock.now().getTime() + stopTimeoutMs;
  while (isAlive(pid)) {
    if (systemClock.now().getTime() > deadline) process.kill(pid, 'SIGKILL');
    await systemClock.sleep(10);
  }
}
