import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Workspace, workspace } from '../support/workspace.ts';

let space: Workspace;

beforeAll(async () => {
  space = await workspace();
  space.write('etl.yaml', 'pipelines: { items: { source_type: file, file_path: items.csv, target_table: items } }');
});

afterAll(async () => await space.remove());

/** Resolves with the text that a process has written when it has a link in it. */
async function linkOf(child: ChildProcess): Promise<string> {
  let text = '';
  return await new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (some: string) => {
      text += some;
      const link = /http:\S+/.exec(text)?.[0];
      if (link !== undefined) resolve(link);
    });
    child.once('close', (status) => reject(new Error(`etl ui ended with ${status}: ${text}`)));
  });
}

describe('etl ui', () => {
  it('serves the page of its folder, prints another link at Enter, and ends at a signal', async () => {
    const child = spawn(process.execPath, [path.resolve('dist/bin/etl.js'), 'ui', '--target', 'local'], {
      cwd: space.folder,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const link = await linkOf(child);
    const cookie = (await fetch(link)).headers.get('set-cookie')?.split(';')[0] ?? '';
    const { origin } = new URL(link);
    const page = await (await fetch(origin, { headers: { cookie, 'accept-language': 'en' } })).text();
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
