import { statSync } from 'node:fs';
import { ConfigNotFoundError } from '../../config/errors.ts';
import { findConfig, loadConfig } from '../../config/read-config.ts';
import { EtlError, messageOf } from '../../errors.ts';
import type { Site } from '../../ui/site.ts';

/** Gives the configuration as it is now; it is read again only when its file has changed. @throws where a named one is not there */
export function configReader(named: string | undefined, stage: string | undefined): Site['config'] {
  const file = whereIs(named);
  if (file === undefined) return () => ({});
  let seen: number | undefined;
  let read: ReturnType<Site['config']> = {};
  return () => {
    const modified = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    if (modified === seen && seen !== undefined) return read;
    seen = modified;
    try {
      read = { loaded: loadConfig(file, stage) };
    } catch (error) {
      if (!(error instanceof EtlError)) throw error;
      read = { problem: messageOf(error) };
    }
    return read;
  };
}

function whereIs(named: string | undefined): string | undefined {
  try {
    return findConfig(named, process.cwd());
  } catch (error) {
    if (named === undefined && error instanceof ConfigNotFoundError) return undefined;
    throw error;
  }
}
