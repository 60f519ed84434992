import path from 'node:path';
import { readEnvironment } from '../../config/environment.ts';
import { ConfigNotFoundError } from '../../config/errors.ts';
import { findConfig, type LoadedConfig, loadConfig } from '../../config/read-config.ts';
import { makePrivateFolder } from '../../private-folder.ts';

/** Where runs and the local DSQL keep their files: `ETL_HOME`, or `.etl/` beside the configuration. */
export function stateFolder(configFolder: string): string {
  const { home } = readEnvironment();
  return home === undefined ? path.join(configFolder, '.etl') : path.resolve(home);
}

/**
 * The state folder for a command that writes to it: made, closed to other users with all that is in it, and what this
 * process makes from now on is closed to them too, also what DuckDB writes.
 */
export function privateStateFolder(configFolder: string): string {
  const folder = stateFolder(configFolder);
  makePrivateFolder(folder, ['local', 'runs', 'scratch', 'tokens']);
  process.umask(0o077);
  return folder;
}

/** The configuration, of a stage or of none, for a command that needs one. @throws {ConfigNotFoundError} */
export function requireConfig(named: string | undefined, stage?: string): LoadedConfig {
  return loadConfig(findConfig(named, process.cwd()), stage);
}

/** The configuration if there is one, for a command that needs none; without one the state is in the current folder. */
export function optionalConfig(named: string | undefined, stage?: string): LoadedConfig | undefined {
  try {
    return requireConfig(named, stage);
  } catch (error) {
    if (named === undefined && stage === undefined && error instanceof ConfigNotFoundError) return undefined;
    throw error;
  }
}

/** The state folder of a command that needs no configuration's content, only its place. */
export function stateFolderOf(named: string | undefined): string {
  if (named !== undefined) return stateFolder(path.dirname(findConfig(named, process.cwd())));
  return stateFolder(process.cwd());
}
