import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Part of `npm ci` in this repository: puts `etl` where `npx` looks. A `bin` entry in package.json would make `npx etl`
 * install the package into a cache of its own first, which takes seconds and fails where the cache is not writable.
 */
const folder = path.resolve('node_modules', '.bin');
const command = path.resolve('dist', 'bin', 'etl.js');

if (existsSync(path.resolve('node_modules'))) {
  mkdirSync(folder, { recursive: true });
  chmodSync(command, 0o755);
  if (process.platform === 'win32') {
    writeFileSync(path.join(folder, 'etl.cmd'), `@node "${command}" %*\r\n`);
  } else {
    const link = path.join(folder, 'etl');
    rmSync(link, { force: true });
    symlinkSync(path.relative(folder, command), link);
  }
}
