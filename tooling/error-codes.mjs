/**
 * Writes docs/errors.md: every code that the program can give, from the classes themselves.
 *
 * Usage: node tooling/error-codes.mjs [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';

const file = 'docs/errors.md';
const codes = new Map();

for (const source of globSync(['lib/**/*.ts', 'functions/**/*.ts']).sort()) {
  const text = readFileSync(source, 'utf8');
  for (const [, doc, parent, body] of text.matchAll(
    /\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\s*export (?:abstract )?class \w+ extends (\w+Error)\b([\s\S]*?)\n\}/g,
  )) {
    const [, code] = /readonly code(?:: string)? = '([a-z0-9_]+)'/.exec(body) ?? [];
    if (code === undefined) continue;
    const what = doc
      .split('\n')
      .map((line) => line.replace(/^\s*\*?\s?/, '').trim())
      .join(' ')
      .split(' @')[0]
      .replaceAll('|', '\\|')
      .trim();
    const entry = codes.get(code) ?? { what: new Set(), again: parent === 'TransientError' };
    entry.what.add(what);
    codes.set(code, entry);
  }
}

const usage = new Set(
  [...readFileSync('lib/cli/exit-status.ts', 'utf8').matchAll(/^ {2}'([a-z0-9_]+)',$/gm)].map(([, code]) => code),
);
const rows = [...codes]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(
    ([code, { again, what }]) =>
      `| \`${code}\` | ${[...what].join(' ')} | ${again ? 'yes' : 'no'} | ${usage.has(code) ? 2 : 1} |`,
  );

const made = `# Exit statuses and error codes

Made from the classes by \`node tooling/error-codes.mjs\`.

## Exit statuses

| status | means |
|---|---|
| 0 | Done. A run that had nothing to do is done too |
| 1 | A run failed, a statement was refused, or a question was answered with no |
| 2 | The command line, the configuration or the version of Node is wrong; nothing was done |
| 130 | Interrupted by Ctrl-C |

## Error codes

A failed run has its code in \`etl_execution_log.error_code\`, in the result of \`etl run --json\`, in notices and in the state machine's history. The message says what happened, with its numbers, and what to do; [runbook.md](runbook.md) has more about those
that need somebody. Where the third column says yes, the service has tried again by itself, and the same command may succeed later. The fourth is the exit status of a command that ends with it.

| code | when | again | exit |
|---|---|---|---|
${rows.join('\n')}

## Codes of runs without an error of their own

| code | means |
|---|---|
| \`already_loaded\` | Skipped: the last load into the table was of this content under this configuration |
| \`already_running\` | Skipped: a run of the pipeline is under way |
| \`repeated_event\` | Skipped: the same event had started a run before |
| \`interrupted\` | Failed: it was told to stop; the next run goes on |
| \`abandoned\` | Failed: a later run has closed it |
| \`unexpected\` | Failed: an error that the program does not know; report it |
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
