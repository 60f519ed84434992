import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkOf, visit } from '../support/served-page.ts';
import { type Workspace, workspace } from '../support/workspace.ts';

let space: Workspace;

beforeAll(async () => {
  space = await workspace();
  space.write('etl.yaml', 'pipelines: { items: { source_type: file, file_path: items.csv, target_table: items } }');
});

afterAll(async () => await space.remove());

describe('etl ui', () => {
  it('serves the page of its folder, prints another link at Enter, and ends at a signal', async () => {
    const child = spawn(process.execPath, [path.resolve('dist/bin/etl.js'), 'ui', '--target', 'local'], {
      cwd: space.folder,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const { get, origin } = await visit(await linkOf(child));
    const page = await get('/');
    expect(page).toContain('data-pipeline="items"');
    for (const [, asset = ''] of page.matchAll(/(?:src|href)="(\/assets\/[^"]*)"/g)) {
      expect((await fetch(origin + asset)).status, asset).toBe(200);
    }
    for (const asset of ['uplot.js', 'uplot.css', 'charts.js']) {
      expect((await fetch(`${origin}/assets/${asset}`)).status, asset).toBe(200);
    }
    const another = linkOf(child);
    child.stdin.write('\n');
    expect((await fetch(await another)).status).toBe(200);
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(0);
  });

  it('refuses a port that is none', async () => {
    expect(await space.etl('ui', '--port', '99999')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^--port 99999 cannot be used/) as string,
    });
  });
});
