import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnswerNeededError, openAsker } from '../../lib/cli/init/ask.ts';
import { draftOf, nameOf } from '../../lib/cli/init/origins.ts';
import { delimiterOf } from '../../lib/cli/init/text-looks.ts';
import { withPipeline } from '../../lib/config/new-pipeline.ts';
import { serve, type TestServer } from '../support/http-server.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;
let api: TestServer;

beforeAll(async () => {
  space = await inProcess();
  api = await serve((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    if (pathname !== '/v1/users' || request.headers.authorization !== 'Bearer secret-value') response.statusCode = 404;
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        data: {
          items: [
            { user_id: 1, name: searchParams.get('q') },
            { user_id: 2, name: 'b' },
          ],
        },
      }),
    );
  });
});

afterAll(async () => {
  await api.close();
  await space.remove();
});

const config = (): string => readFileSync(path.join(space.folder, 'etl.yaml'), 'utf8');

describe('etl init', () => {
  it('writes a configuration with comments for a file, previews it, and says the next step', async () => {
    space.write('Order List.csv', 'order_id;amount;status\n1;2.50;active\n2;3.75;closed\n3;N/A;active\n');
    const made = await space.etl('init', 'Order List.csv', '--yes', '--target', 'local');
    expect(made).toMatchObject({ status: 0, stderr: '' });
    expect(made.stdout).toMatch(/^Looking at Order List\.csv\.\nIt had 3 rows of 3 columns when it was looked at\.\n/);
    expect(made.stdout).toMatch(/Wrote the pipeline order_list into etl\.yaml\.\n\norder_list → order_list, upsert/);
    expect(made.stdout).toMatch(/amount text, because 1 of 3 values is no number: "N\/A"/);
    expect(made.stdout).toMatch(/\n\nNext: etl run order_list\n$/);
    expect(config()).toMatch(/^# yaml-language-server: \$schema=.*config\.schema\.json\n/);
    expect(config()).toMatch(
      /\n {4}file_path: Order List\.csv\n {4}csv: \{ delimiter: ; \}\n {4}target_table: order_list\n/,
    );
    expect(config()).toMatch(/\n {4}load_mode: upsert\n {4}key_columns: \[order_id\]\n/);
    expect(await space.sql('SELECT 1 FROM pg_class WHERE relname = $$order_list$$')).toEqual([]);
    const [run] = await space.run(['order_list']);
    expect(run).toMatchObject({ status: 'success', rows_loaded: 3 });
  });

  it('adds an API behind the other pipelines, and changes no other line', async () => {
    process.env.INIT_TEST_TOKEN = 'secret-value';
    const before = config();
    const args = ['--records-path', '$.data.items', '--bearer-env', 'INIT_TEST_TOKEN', '--yes', '--json'];
    const made = await space.etl('init', `${api.url}/v1/users?q=a%20b`, ...args, '--target', 'local');
    expect(made).toMatchObject({ status: 0 });
    expect(JSON.parse(made.stdout)).toMatchObject({
      pipeline: 'users',
      preview: { load_mode: 'upsert', counts: { rows_read: 2 }, sample: [{ user_id: '1', name: 'a b' }, {}] },
    });
    expect(config().startsWith(before)).toBe(true);
    expect(config().slice(before.length)).toMatch(
      new RegExp(
        `^\\n {2}users:\\n {4}# It had 2 rows .*\\n {4}source_type: api\\n {4}endpoint: ${api.url}/v1/users\\n {4}params: \\{ q: a b \\}\\n` +
          ' {4}auth: \\{ type: bearer, token: \\{ env: INIT_TEST_TOKEN \\} \\}\\n {4}records_path: \\$\\.data\\.items\\n {4}target_table: users\\n',
      ),
    );
    expect(`${config()}${made.stdout}${made.stderr}`).not.toContain('secret-value');
    expect(await space.etl('check')).toMatchObject({ status: 0 });
  });

  it('writes nothing where the name is taken, the source fails, a key is no column, or nobody can be asked', async () => {
    const before = config();
    const refused: readonly (readonly [readonly string[], RegExp])[] = [
      [['Order List.csv', '--name', 'users'], /--name users cannot be used: expected a name that no pipeline has yet/],
      [['Order List.csv', '--key', 'order_idd', '--name', 'x'], /there is no order_idd; did you mean order_id\?/],
      [['absent.csv'], /--from absent\.csv cannot be used: expected a file or folder that exists/],
      [
        ['https://name:word@example.com/x'],
        /--from https:\/\/…@example\.com cannot be used: expected a URL without name/,
      ],
      [['https://example.com/x.csv'], /expected an API that answers with JSON; for a file, download it first/],
      [['ftp://example.com/x'], /expected a URL that begins with https/],
      [[], /^Nobody can be asked here, so --from is needed/],
    ];
    for (const [args, message] of refused) {
      const ended = await space.etl('init', ...args, '--yes', '--target', 'local');
      expect([ended.status, ended.stdout.includes('Wrote')], ended.stderr).toEqual([2, false]);
      expect(ended.stderr).toMatch(message);
    }
    const failed = await space.etl('init', `${api.url}/v2`, '--yes', '--target', 'local');
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain('404');
    expect(config()).toBe(before);
    expect(existsSync(path.join(space.folder, 'etl.yml'))).toBe(false);
  });
});

describe('a question', () => {
  it('is asked until its answer can be used', async () => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const output = new PassThrough();
    const asker = openAsker(false, { input, output });
    const question = {
      text: 'Name',
      flag: '--name',
      preset: 'orders',
      problem: (answer: string) => (answer === 'taken' ? 'another one' : undefined),
    };
    const answer = asker.ask(question, undefined);
    input.write('taken\nfree\n');
    expect(await answer).toBe('free');
    const preset = asker.ask(question, undefined);
    input.write('\n');
    expect(await preset).toBe('orders');
    asker.close();
    expect(String(output.read())).toMatch(/Name \[orders\]: .*Expected another one/s);
  });

  it('is answered by its flag or its preset where nobody can be asked', async () => {
    const asker = openAsker(true);
    const question = { text: 'Name', flag: '--name', problem: () => undefined };
    expect(await asker.ask({ ...question, preset: 'a' }, 'b')).toBe('b');
    expect(await asker.ask({ ...question, preset: 'a' }, undefined)).toBe('a');
    await expect(asker.ask(question, undefined)).rejects.toThrow(AnswerNeededError);
  });
});

describe('a source', () => {
  it('of a bucket is read by its prefix or key', async () => {
    expect(await draftOf('s3://landing/sales/2026/', '/', { format: 'csv', delimiter: '|' })).toEqual({
      source: { source_type: 'file', file_path: 's3://landing/sales/2026/', format: 'csv', csv: { delimiter: '|' } },
      title: '2026',
      notes: [],
    });
    await expect(draftOf('s3://', '/', {})).rejects.toThrow('expected s3://bucket/key');
  });

  it('gives a name to pipeline and table', () => {
    expect(['Über Orders 2026', '2026', '注文', 'etl_state', 'a-b.c'].map(nameOf)).toEqual([
      'uber_orders_2026',
      't_2026',
      'rows',
      't_etl_state',
      'a_b_c',
    ]);
  });

  it('tells what separates its fields', () => {
    expect(['a,b', 'a;"b,c,d"', 'a\tb\tc,d', 'alone'].map(delimiterOf)).toEqual([',', ';', '\t', undefined]);
  });
});

describe('a configuration', () => {
  const pipeline = { name: 'more', settings: [{ key: 'source_type', value: 'file' }] };

  it('gets a pipeline behind the last one and its comments, before what follows', () => {
    const text = 'pipelines:\n  a:\n    x: 1 # one\n    # about a\n# about stages\nstages: {}\n';
    expect(withPipeline(text, pipeline)).toBe(
      'pipelines:\n  a:\n    x: 1 # one\n    # about a\n\n  more:\n    source_type: file\n# about stages\nstages: {}\n',
    );
    expect(withPipeline('pipelines:\n  a: { x: 1 }', pipeline)).toBe(
      'pipelines:\n  a: { x: 1 }\n\n  more:\n    source_type: file\n',
    );
    expect(withPipeline('{\n  "pipelines": {}\n}\n', pipeline)).toBe(
      '{\n  "pipelines": {\n    "more": {\n      "source_type": "file"\n    }\n  }\n}\n',
    );
  });

  it('whose pipelines are in one line gets none', () => {
    expect(() => withPipeline('pipelines: { a: { x: 1 } }', pipeline)).toThrow('not written in lines');
  });
});
