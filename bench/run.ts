/** `npm run bench -- <name> [options]`: runs the benchmark `bench/<name>.ts`, which prints its own numbers. */
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What every benchmark exports. */
export interface Benchmark {
  readonly run: (args: readonly string[]) => Promise<void>;
}

const [name, ...args] = process.argv.slice(2);
const folder = dirname(fileURLToPath(import.meta.url));
const names = readdirSync(folder)
  .filter((file) => /(?<!\.d)\.(js|ts)$/.test(file) && !file.startsWith('run.'))
  .map((file) => file.replace(/\.(js|ts)$/, ''));

if (name === undefined || !names.includes(name)) {
  process.stderr.write(`Usage: npm run bench -- <name>, where <name> is one of: ${names.join(', ')}\n`);
  process.exitCode = 2;
} else {
  const benchmark: Benchmark = await import(`./${name}.js`);
  await benchmark.run(args);
}
