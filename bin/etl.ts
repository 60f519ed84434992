#!/usr/bin/env node
const oldest = 20;
if (Number(process.versions.node.split('.')[0]) < oldest) {
  process.stderr.write(`etl needs Node ${oldest} or newer, and this is Node ${process.versions.node}.\n`);
  process.exitCode = 2;
} else {
  // Behind the check: an older Node may not be able to read what follows.
  const { loadCommand } = await import('../lib/cli/load-command.ts');
  const args = process.argv.slice(2);
  const { keep, main } = await loadCommand(args[0]);
  process.exitCode = await main(args);
  if (process.exitCode === 0) keep();
}
