import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { smoke } from './smoke-checks.ts';

/** `npm run smoke -- --stage dev`: after a deployment, runs a tiny pipeline end to end and says what it saw. */
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), import.meta.url.endsWith('.ts') ? '..' : '../..');

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      stage: { type: 'string' },
      region: { type: 'string' },
      config: { type: 'string', default: path.join(root, 'examples', 'smoke', 'etl.yaml') },
      'without-failure': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const { 'without-failure': withoutFailure, json, ...where } = values;
  const checks = await smoke({ ...where, withoutFailure }, systemClock, (line) => process.stderr.write(`${line}\n`));
  const passed = checks.every((check) => check.passed);
  if (json) process.stdout.write(`${JSON.stringify({ passed, checks }, null, 2)}\n`);
  else {
    for (const check of checks) {
      process.stdout.write(`${check.passed ? 'ok  ' : 'FAIL'}  ${check.what}\n      ${check.saw}\n`);
    }
    process.stdout.write(passed ? 'All is well.\n' : 'Not all is well; docs/deploy.md says what to report.\n');
  }
  return passed ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
