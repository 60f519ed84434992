#!/usr/bin/env node
const oldest = 20;
if (Number(process.versions.node.split('.')[0]) < oldest) {
  process.stderr.write(`etl needs Node ${oldest} or newer, and this is Node ${process.versions.node}.\n`);
  process.exitCode = 2;
} else {
  // Behind the check: an older Node may not be able to read what follows.
  const { main } = await import('../lib/cli/main.ts');
  process.exitCode = await main(process.argv.slice(2));
}
