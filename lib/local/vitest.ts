/**
 * The local DSQL for a vitest project, in one line of its configuration: `globalSetup: 'dsql-etl/local/vitest'`. Tests get
 * where to connect by `inject('localDsql')`.
 */
import { type LocalDsqlForTests, startLocalDsql } from './for-tests.ts';

/** What tests are given of the local DSQL. */
export type ProvidedLocalDsql = Omit<LocalDsqlForTests, 'faults' | 'stop'>;

/** The part of vitest's project that is used. */
interface Project {
  readonly provide: (key: 'localDsql', value: ProvidedLocalDsql) => void;
}

/** Starts it before the first test; vitest calls what is returned after the last. */
export async function setup(project: Project): Promise<() => Promise<void>> {
  const { faults: _faults, stop, ...provided } = await startLocalDsql();
  project.provide('localDsql', provided);
  return stop;
}
