/**
 * Writes docs/errors.md: every code that the program can give, from the classes themselves and what Step Functions
 * reports, with what it means and what to do, from lib/report/remedies.
 *
 * Usage, after a build: node tooling/error-codes.mjs [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { knownFailureCodes } from '../dist/functions/runtime/known-failures.js';
import { codeRemedies } from '../dist/lib/report/remedies/remedies.js';

const file = 'docs/errors.md';
const codes = new Map();

for (const source of globSync(['lib/**/*.ts', 'functions/**/*.ts'])) {
  const text = readFileSync(source, 'utf8');
  for (const [, parent, body] of text.matchAll(/export (?:abstract )?class \w+ extends (\w+Error)\b([\s\S]*?)\n\}/g)) {
    const [, code] = /readonly code(?:: string)? = '([a-z0-9_]+)'/.exec(body) ?? [];
    if (code !== undefined) codes.set(code, codes.get(code) ?? { again: parent === 'TransientError' });
  }
}
for (const code of knownFailureCodes) codes.set(code, codes.get(code) ?? { again: false });

/** Runs that were skipped, or that failed without an error of their own. */
const withoutError = ['already_loaded', 'already_running', 'repeated_event', 'interrupted', 'abandoned'];

/** A code with what it means and what to do, as cells of a table. */
function described(code) {
  const remedy = codeRemedies.en[code];
  if (remedy === undefined) throw new Error(`lib/report/remedies says nothing about ${code}.`);
  return [`\`${code}\``, ...[remedy.means, remedy.todo].map((text) => text.replaceAll('|', '\\|'))].join(' | ');
}

const others = Object.keys(codeRemedies.en).filter((code) => !codes.has(code) && !withoutError.includes(code));
if (others.length > 0) throw new Error(`lib/report/remedies has codes that nothing gives: ${others.join(', ')}.`);

const usage = new Set(
  [...readFileSync('lib/cli/exit-status.ts', 'utf8').matchAll(/^ {2}'([a-z0-9_]+)',$/gm)].map(([, code]) => code),
);
const rows = [...codes]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([code, { again }]) => `| ${described(code)} | ${again ? 'yes' : 'no'} | ${usage.has(code) ? 2 : 1} |`);

const made = `# Exit statuses and error codes

Made from the classes and lib/report/remedies by \`node tooling/error-codes.mjs\`.

## Exit statuses

| status | means |
|---|---|
| 0 | Done. A run that had nothing to do is done too |
| 1 | A run failed, a statement was refused, or a question was answered with no |
| 2 | The command line, the configuration or the version of Node is wrong; nothing was done |
| 130 | Interrupted by Ctrl-C |

## Error codes

A failed run has its code in \`etl_execution_log.error_code\`, in the result of \`etl run --json\`, in notices and in the state machine's history. The message says what happened, with its numbers. The page of a run in [\`etl ui\`](ui.md) says what to do in English or
Japanese. Where the fourth column says yes, the service has tried again by itself, and the same command may succeed later. The last is the exit status of a command that ends with it.

| code | means | what to do | again | exit |
|---|---|---|---|---|
${rows.join('\n')}

## Codes of runs without an error of their own

| code | means | what to do |
|---|---|---|
${withoutError.map((code) => `| ${described(code)} |`).join('\n')}
`;

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== made) {
    process.stderr.write(`${file} is not what the classes say. Run: npm run error-codes\n`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, made);
  process.stdout.write(`${file}: ${codes.size} codes\n`);
}
