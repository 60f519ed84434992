import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { printed, recipe, repository } from './recipes.ts';

let server: LocalServer;
let folder: string;

beforeAll(async () => {
  server = await startLocalServer();
  folder = mkdtempSync(join(tmpdir(), 'dsql-etl-recipes-'));
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['pg', 'postgres']) {
    symlinkSync(join(repository, 'node_modules', name), join(folder, 'node_modules', name));
  }
  symlinkSync(repository, join(folder, 'node_modules', 'dsql-etl'));
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each(['node-postgres', 'postgres.js', 'Test suites'])('the recipe for %s runs as it stands', async (name) => {
  const file = join(folder, `${name.replaceAll(' ', '-')}.mjs`);
  writeFileSync(file, recipe(name));
  expect(await printed(server, process.execPath, [file], folder)).toBe('1');
});

// Skipped where no psql is installed: it comes with PostgreSQL's client package, not from npm.
test.skipIf(!existsSync('/usr/bin/psql'))('so does that for psql', async () => {
  expect(await printed(server, '/bin/sh', ['-c', recipe('psql')], folder)).toMatch(/\n\s+1\n/);
});

test('etl local env prints what a shell needs', () => {
  const env = { ...process.env, ETL_HOME: server.stateDir };
  const script = `eval "$('${process.execPath}' '${join(repository, 'dist/bin/etl.js')}' local env)"; echo "$PGHOST $PGPORT $PGUSER $PGDATABASE $PGSSLMODE $PGSSLROOTCERT"`;
  const { port, caFile } = server.hold.endpoint;
  expect(execFileSync('/bin/sh', ['-c', script], { env, encoding: 'utf8' }).trim()).toBe(
    `localhost ${port} admin postgres verify-full ${caFile}`,
  );
});
