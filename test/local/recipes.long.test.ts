import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { printed, recipe, repository } from './recipes.ts';

const packages = [
  'drizzle-orm@0.45.4',
  'pg@8.23.1',
  'prisma@7.10.1',
  '@prisma/client@7.10.0',
  '@prisma/adapter-pg@7.10.1',
];
const schema = `generator client {
  provider = "prisma-client-js"
}
datasource db {
  provider = "postgresql"
}
model Item {
  id   String @id @default(dbgenerated("gen_random_uuid()")) @db.Uuid
  name String
}
`;

let server: LocalServer;
let folder: string;

beforeAll(async () => {
  server = await startLocalServer();
  folder = mkdtempSync(join(tmpdir(), 'dsql-etl-recipes-'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], {
    cwd: folder,
    stdio: 'pipe',
  });
}, 300_000);

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

test('the recipe for Drizzle runs as it stands', async () => {
  writeFileSync(join(folder, 'drizzle.mjs'), recipe('Drizzle'));
  expect(await printed(server, process.execPath, ['drizzle.mjs'], folder)).toBe('1');
});

test('the recipe for Prisma runs as it stands', async () => {
  writeFileSync(join(folder, 'schema.prisma'), schema);
  // The schema engine is for migrations, is not on npm, and is not needed for a client.
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath };
  const cli = join(folder, 'node_modules/prisma/build/index.js');
  execFileSync(process.execPath, [cli, 'generate', '--schema', join(folder, 'schema.prisma')], {
    cwd: folder,
    env,
    stdio: 'pipe',
  });
  writeFileSync(join(folder, 'prisma.mjs'), recipe('Prisma'));
  expect(await printed(server, process.execPath, ['prisma.mjs'], folder)).toBe('1');
});

test('a vitest project gets the local DSQL by one line', () => {
  const project = join(folder, 'project');
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  for (const name of ['vitest', 'pg']) {
    symlinkSync(join(repository, 'node_modules', name), join(project, 'node_modules', name));
  }
  symlinkSync(repository, join(project, 'node_modules', 'dsql-etl'));
  writeFileSync(
    join(project, 'vitest.config.mjs'),
    "export default { test: { globalSetup: 'dsql-etl/local/vitest' } };",
  );
  writeFileSync(
    join(project, 'one.test.mjs'),
    `import pg from 'pg';
import { expect, inject, test } from 'vitest';
test('one', async () => {
  const { host, port, user, password, database, ca } = inject('localDsql');
  const client = new pg.Client({ host, port, user, password, database, ssl: { ca } });
  await client.connect();
  expect((await client.query('SHOW server_version')).rows).toEqual([{ server_version: '16.15' }]);
  await client.end();
});
`,
  );
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs');
  const output = execFileSync(process.execPath, [vitest, 'run', '--root', project], { cwd: project, encoding: 'utf8' });
  expect(output).toMatch(/1 passed/);
});
