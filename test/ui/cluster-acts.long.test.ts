import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { holdLocalDsql, type LocalDsqlHold } from '../../lib/local/client.ts';
import { itemsConfig, itemsFile } from '../support/acts-page.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';
import { linkOf, postForm, type Visit, visit } from '../support/served-page.ts';

/** A cluster is asked at the port of PostgreSQL, which something else may have here. */
async function listening(server: Server): Promise<boolean> {
  return await new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(5432, '127.0.0.1', () => resolve(true));
  });
}

let hold: LocalDsqlHold;
/** Passes on what comes to localhost:5432, so that the local DSQL is addressed as a cluster is. */
const forwarder = createServer((client) => {
  const server = connect(hold.endpoint.port, '127.0.0.1');
  client.on('error', () => server.destroy()).pipe(server);
  server.on('error', () => client.destroy()).pipe(client);
});
const isOpen = await listening(forwarder);
const why = isOpen ? '' : ' (skipped: something else listens on 127.0.0.1:5432)';

describe.skipIf(!isOpen)(`etl ui over the hostname of a cluster${why}`, () => {
  let space: InProcess;
  let child: ChildProcess;

  beforeAll(async () => {
    space = await inProcess();
    hold = await holdLocalDsql({ stateDir: path.join(space.folder, '.etl') });
    space.write('etl.yaml', itemsConfig());
    space.write('items.csv', itemsFile);
    space.write('ca.pem', hold.endpoint.ca);
  });

  afterEach(async () => {
    child.kill('SIGINT');
    await once(child, 'close');
  });

  afterAll(async () => {
    forwarder.close();
    await hold.release();
    await space.remove();
  });

  /** Opens the page in a process of its own, with credentials and authority as one has them for a cluster. */
  async function open(...more: readonly string[]): Promise<Visit> {
    child = spawn(process.execPath, [path.resolve('dist/bin/etl.js'), 'ui', '--target', 'localhost', ...more], {
      cwd: space.folder,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: path.join(space.folder, 'ca.pem'),
        AWS_ACCESS_KEY_ID: hold.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: hold.credentials.secretAccessKey,
      },
    });
    return await visit(await linkOf(child));
  }

  /** Does an act, and gives its page when it has ended. */
  async function done(
    page: Visit,
    to: string,
    fields: Readonly<Record<string, string>>,
    says: RegExp,
  ): Promise<string> {
    const answer = await postForm(page, to, fields);
    expect(answer.status, to).toBe(303);
    const where = answer.headers.get('location') ?? '';
    await expect.poll(async () => await page.get(where), { timeout: 60_000, interval: 200 }).toMatch(says);
    return await page.get(where);
  }

  const rows = async (): Promise<number> => Number((await space.sql('SELECT count(*) AS n FROM items'))[0]?.n);

  it('does nothing without --allow-actions', async () => {
    const page = await open();
    const overview = await page.get('/');
    expect(overview).toContain('localhost');
    expect(overview).toContain('read only');
    expect(await page.get('/pipelines/items')).not.toContain('Run now');
    for (const to of ['/pipelines/items/run', '/pipelines/items/run/preview', '/runs/x/undo', '/runs/x/replay']) {
      const answer = await postForm(page, to, { confirmed: 'items' });
      expect(answer.status, to).toBe(403);
      expect(await answer.text(), to).toContain('--allow-actions');
    }
    expect(await space.sql(`SELECT 1 FROM pg_tables WHERE tablename IN ('items', 'etl_execution_log')`)).toEqual([]);
  });

  it('previews, runs, runs rejected rows again and takes back with it', async () => {
    const page = await open('--allow-actions');
    expect(await page.get('/')).not.toContain('read only');
    await done(page, '/pipelines/items/run/preview', {}, /data-name="would_insert">2</);
    expect(await space.sql(`SELECT 1 FROM pg_tables WHERE tablename = 'items'`)).toEqual([]);
    expect((await postForm(page, '/pipelines/items/run')).status).toBe(403);
    await done(page, '/pipelines/items/run', { confirmed: 'items' }, /2 rows loaded, 1 rejected\./);
    expect(await rows()).toBe(2);
    const [run] = await space.sql('SELECT run_id, trigger FROM etl_execution_log');
    const ofRun = `/runs/${String(run?.run_id)}`;

    space.write('etl.yaml', itemsConfig(', csv: { null_strings: [N/A] }'));
    await done(page, `${ofRun}/replay/preview`, {}, /data-name="would_insert">1</);
    await done(page, `${ofRun}/replay`, { confirmed: 'items' }, /1 rows loaded, 0 rejected\./);
    expect(await rows()).toBe(3);

    await done(page, `${ofRun}/undo/preview`, {}, /Delete 2 rows of items/);
    expect((await postForm(page, `${ofRun}/undo`, { rows: '2' })).status).toBe(403);
    await done(page, `${ofRun}/undo`, { sure: 'items', rows: '3' }, /confirmation_outdated/);
    expect(await rows()).toBe(3);
    await done(page, `${ofRun}/undo`, { sure: 'items', rows: '2' }, /2 rows of items deleted\./);
    expect(await rows()).toBe(1);
  });
});
