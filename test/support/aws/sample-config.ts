import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The sample configuration, its API and its files where the test has them, with settings of AWS instead of its own. */
export function sampleConfig(baseUrl: string, deploy: string): string {
  const text = readFileSync('examples/etl.yaml', 'utf8')
    .replace(/base_url: \S+/, `base_url: ${baseUrl}`)
    .replace(/^ {4}(schedule|trigger|notify): .*\n/gm, '')
    .replace(/^deploy:\n( {2}.*\n)+/m, '')
    .replaceAll('../node_modules/', `${path.resolve('node_modules')}/`);
  return `${text}\n${deploy}`;
}
