/**
 * The manifest of the package, by npm's prepack and postpack: with the commands, and without what only a clone has. A `bin`
 * in the clone's own package.json would make `npx etl` install the clone into npm's cache before it runs.
 *
 * Usage: node tooling/pack-manifest.mjs write | restore
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const kept = 'package.json.clone';

if (process.argv[2] === 'restore') {
  if (existsSync(kept)) renameSync(kept, 'package.json');
} else {
  // What an interrupted pack has left is the clone's.
  const text = readFileSync(existsSync(kept) ? kept : 'package.json', 'utf8');
  const { devDependencies: _, overrides: __, private: ___, scripts: ____, ...manifest } = JSON.parse(text);
  const command = 'dist/bin/etl.js';
  writeFileSync(kept, text);
  writeFileSync(
    'package.json',
    `${JSON.stringify({ ...manifest, bin: { etl: command, 'dsql-etl': command } }, null, 2)}\n`,
  );
}
