import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readEnvironment } from '../../config/environment.ts';
import type { LoadedConfig } from '../../config/read-config.ts';
import { messageOf } from '../../errors.ts';
import { localDsqlStatus } from '../../local/client.ts';
import { findPostgres } from '../../local/postgres/binaries.ts';
import { packageFolder } from '../../package-folder.ts';
import { proxyShown } from '../../proxy-agents.ts';
import { type Finding, fail, ok, skip, warn } from './finding.ts';

const oldestNode = 20;

/** @param version  as `process.versions.node` has it */
export function checkNode(version: string): Finding {
  const major = Number(version.split('.')[0]);
  if (major >= oldestNode) return ok(`Node ${version}, ${process.platform} ${process.arch}`);
  return fail(`Node ${version} is too old`, `Install Node ${oldestNode} or newer.`);
}

/** Whether the package is whole: DuckDB has a binary of its own for each platform. */
export async function checkPackage(): Promise<Finding> {
  const manifest: unknown = JSON.parse(readFileSync(path.join(packageFolder(), 'package.json'), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '?';
  try {
    const { openDuckDb } = await import('../../duckdb/open-duckdb.ts');
    const session = await openDuckDb({ allowedDirs: [], tempDir: tmpdir() });
    session.close();
    return ok(`dsql-etl ${String(version)} in ${packageFolder()}, with DuckDB`);
  } catch (error) {
    return fail(
      `DuckDB cannot be loaded: ${messageOf(error)}`,
      'Install the package again, without --omit=optional, on the machine that it runs on.',
    );
  }
}

/** What of the configuration was found; an error of it is a finding too. */
export function checkConfig(read: () => LoadedConfig | undefined): Finding {
  try {
    const loaded = read();
    if (loaded === undefined) return skip('there is none here; make one with: etl init');
    const names = Object.keys(loaded.config.pipelines);
    return ok(`${loaded.file}, ${names.length} ${names.length === 1 ? 'pipeline' : 'pipelines'}`);
  } catch (error) {
    return fail(messageOf(error).split('\n')[0] ?? '', 'See all of it with: etl check');
  }
}

/** Bytes below which a run is likely to fail, and below which a large source is. */
const leastBytes = 200 * 1024 ** 2;
const wantedBytes = 5 * 1024 ** 3;

const gigabytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GB`;

/** Whether the state folder can be written to, and how much room its disk has. */
export async function checkDisk(stateDir: string): Promise<Finding> {
  let folder = stateDir;
  while (!existsSync(folder)) folder = path.dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    return fail(`${folder} cannot be written to`, 'Give this user the right to, or name another folder in ETL_HOME.');
  }
  const { bavail, bsize } = await statfs(folder);
  return diskFinding(stateDir, bavail * bsize);
}

/** @param free  bytes */
export function diskFinding(stateDir: string, free: number): Finding {
  const what = `${gigabytes(free)} free for ${stateDir}`;
  const remedy =
    'Make room, or name a folder on another disk in ETL_HOME. A run takes about three times the size of its source.';
  if (free < leastBytes) return fail(what, remedy);
  return free < wantedBytes ? warn(what, remedy) : ok(what);
}

/** Which proxies are set; the database is never behind one. */
export function checkProxies(): Finding {
  const { proxyFor } = readEnvironment();
  if (proxyFor === undefined) return ok('none is set');
  const https = proxyFor('https://example.com/');
  const http = proxyFor('http://example.com/');
  const shown = (proxy: string | undefined): string => (proxy === undefined ? 'direct' : proxyShown(proxy));
  const what = `https ${shown(https)}, http ${shown(http)}; the database is reached directly`;
  const broken = [https, http].find((proxy) => proxy !== undefined && !URL.canParse(proxy));
  if (broken !== undefined)
    return fail('the address of a proxy is no URL', 'Write it as http://host:port in HTTPS_PROXY.');
  return proxyFor('http://localhost/') === undefined
    ? ok(what)
    : warn(what, 'Loopback goes through it too; if that is not meant: NO_PROXY=localhost,127.0.0.1');
}

/** Whether the local DSQL can run here, and does. */
export async function checkLocalDsql(stateDir: string): Promise<Finding> {
  try {
    findPostgres();
  } catch (error) {
    return warn(messageOf(error), 'Only the local DSQL needs it; a cluster can be loaded without.');
  }
  try {
    const status = existsSync(path.join(stateDir, 'local')) ? await localDsqlStatus(stateDir) : undefined;
    if (status !== undefined) return ok(`running, ${status.hostname}:${status.port}, pid ${status.pid}`);
    return ok(
      `not running; ${existsSync(path.join(stateDir, 'local')) ? '' : 'never started here, '}commands start it when they need it`,
    );
  } catch (error) {
    return fail(messageOf(error), 'Stop it with etl local stop; its log is in .etl/local/server.log.');
  }
}
