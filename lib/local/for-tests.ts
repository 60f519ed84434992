/**
 * The local DSQL for the test suites of other projects: `import { startLocalDsql } from 'dsql-etl/local'`.
 *
 * It runs as a process of its own and ends with the process that started it, also when that is killed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdLocalDsql, setLocalFaults } from './client.ts';
import type { FaultSettings } from './concurrency/faults.ts';
import type { LocalLimits } from './rules/limits.ts';
import { localDsqlVariables } from './sign-in.ts';

/** How to start it. */
export interface LocalDsqlForTestsOptions {
  /** Where its data stay; absent: in a new folder that `stop` deletes. */
  readonly stateDir?: string | undefined;
  /** DSQL's own limits unless given, e.g. a transaction of 2 s so that a test reaches its age. */
  readonly limits?: Partial<LocalLimits> | undefined;
}

/** A running local DSQL. All values can be sent to other processes, except the functions. */
export interface LocalDsqlForTests {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** A token that is good for a week. */
  readonly password: string;
  /** Certificate of the authority that signed the server's, as PEM, and its file. */
  readonly ca: string;
  readonly caFile: string;
  /** `PGHOST`, `PGPORT`, `PGUSER`, `PGDATABASE`, `PGPASSWORD`, `PGSSLMODE`, `PGSSLROOTCERT`. */
  readonly variables: Readonly<Record<string, string>>;
  /** A connection string for libpq and what reads its strings. */
  readonly url: string;
  /** Replaces the faults it makes on request; `{}` ends them all. */
  readonly faults: (settings: FaultSettings) => Promise<FaultSettings>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a local DSQL with durability for tests: its data survive kills, not a crash of the machine. The first start in a
 * folder takes some seconds.
 *
 * @throws {LocalDsqlStartError} it did not come up
 */
export async function startLocalDsql(options: LocalDsqlForTestsOptions = {}): Promise<LocalDsqlForTests> {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'local-dsql-'));
  const hold = await holdLocalDsql({
    stateDir,
    durability: 'process',
    ...(options.limits && { limits: options.limits }),
  });
  const { hostname, port, user, ca, caFile } = hold.endpoint;
  const variables = await localDsqlVariables(stateDir, hold.endpoint);
  const password = variables.PGPASSWORD ?? '';
  const query = new URLSearchParams({ sslmode: 'verify-full', sslrootcert: caFile });
  return {
    host: hostname,
    port,
    user,
    database: 'postgres',
    password,
    ca,
    caFile,
    variables,
    url: `postgresql://${user}:${encodeURIComponent(password)}@${hostname}:${port}/postgres?${query.toString()}`,
    faults: (settings) => setLocalFaults(stateDir, settings),
    stop: async () => {
      await hold.release();
      if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
