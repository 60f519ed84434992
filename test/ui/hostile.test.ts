import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shownText } from '../../lib/ui/html.ts';
import type { InProcess } from '../support/in-process.ts';
import { openPageSpace, type PageOfTest } from '../support/served-page.ts';

let space: InProcess;
let page: PageOfTest;
let close: () => Promise<void>;

const tag = `<img src=x onerror="alert(1)">'"&</script><script>alert(2)</script>`;
const name = 'a/b "c" <i>%2e&';

beforeAll(async () => {
  const settings = {
    source_type: 'file',
    file_path: 'data.ndjson',
    target_table: 'hostile',
    columns: { n: 'numeric' },
  };
  ({ space, page, close } = await openPageSpace(JSON.stringify({ pipelines: { [name]: settings } })));
  space.write(
    'data.ndjson',
    `${JSON.stringify({ id: 1, n: tag, t: tag })}\n${JSON.stringify({ id: 2, n: '1', t: `\u202e${tag}` })}\n${JSON.stringify({ id: 3, n: '2', t: 'x'.repeat(100_000) })}\n`,
  );
  await space.run();
});

afterAll(async () => await close());

describe('text from data', () => {
  it('is text on every page: tags, quotes, marks of direction and long cells', async () => {
    const [run] = await space.sql('SELECT run_id FROM etl_execution_log');
    const pipeline = encodeURIComponent(name);
    const paths = [
      '/',
      `/pipelines/${pipeline}`,
      `/runs/${String(run?.run_id)}`,
      '/rejected?all=1',
      `/rejected?pipeline=${encodeURIComponent(tag)}`,
      '/data/hostile',
      `/?name=${encodeURIComponent(tag)}`,
      `/data/${encodeURIComponent(tag)}`,
      `/runs/${encodeURIComponent(tag)}`,
      '/data/etl_execution_log',
    ];
    for (const to of paths) {
      const text = await page.get(to);
      expect(text, to).not.toMatch(/<img|<script>|<i>|onerror="/);
      expect(text, to).not.toContain('\u202e');
      expect(text.length, to).toBeLessThan(400_000);
    }
    const rows = await page.get('/data/hostile');
    expect(rows).toContain('&lt;img src=x');
    expect(rows).toContain('⟨U+202E⟩');
    expect(rows).toContain('100,000 characters');
    expect(await page.get('/')).toContain('a/b &quot;c&quot; &lt;i&gt;%2e&amp;');
    expect((await page.ask(`/pipelines/${pipeline}`)).status).toBe(200);
  });

  it('that nobody sees is written out, and cut without breaking a character', () => {
    expect(shownText('a\u0000\u200b\u2066b\n')).toBe('a⟨U+0000⟩⟨U+200B⟩⟨U+2066⟩b\n');
    expect(shownText('ab😀cd', 3)).toBe('ab…');
  });
});

describe('a query', () => {
  it('can only read, and is one statement', async () => {
    const csrf = /name="csrf" value="([^"]+)"/.exec(await page.get('/data'))?.[1] ?? '';
    const ask = async (query: string): Promise<string> =>
      await (
        await page.ask('/data', {
          method: 'POST',
          headers: { origin: page.origin },
          body: new URLSearchParams({ csrf, query }),
        })
      ).text();
    expect(await ask('SELECT id, id + 1 AS id FROM hostile ORDER BY 1 -- a comment')).toContain('2 rows');
    expect(await ask('SELECT * FROM generate_series(1, 1000) AS n;')).toContain('The first 100 rows');
    for (const query of [
      'DELETE FROM hostile',
      'SELECT 1) AS q; DELETE FROM hostile; SELECT * FROM (SELECT 1',
      'COMMIT',
      'WITH gone AS (DELETE FROM hostile RETURNING id) SELECT * FROM gone',
      'SELECT 1 /*',
    ]) {
      expect(await ask(query), query).toContain('The database refused the query');
    }
    expect(await space.sql('SELECT count(*) AS n FROM hostile')).toEqual([{ n: '2' }]);
  });
});
