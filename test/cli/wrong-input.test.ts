import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type TestServer } from '../support/http-server.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;
let html: TestServer;

const pipeline = (name: string, settings: string): string =>
  `pipelines:\n  ${name}: { target_table: ${name}, ${settings} }\n`;

beforeAll(async () => {
  space = await inProcess();
  html = await serve((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Please sign in</body></html>');
  });
  space.write('good.csv', 'id,name\n1,a\n2,b\n');
  space.write('empty.csv', '');
  space.write('header.csv', 'id,name\n');
  space.write('wrong.json', '{"results": [1, 2');
  space.write('good.yaml', pipeline('good', 'source_type: file, file_path: good.csv'));
});

afterAll(async () => {
  await html.close();
  await space.remove();
});

/** Runs a configuration and gives its one result and the exit status; no output may show a stack. */
async function runOf(
  config: string,
): Promise<{ readonly status: number | null; readonly run: Record<string, unknown> }> {
  space.write('case.yaml', config);
  const { status, stderr, stdout } = await space.etl('run', '--config', 'case.yaml', '--target', 'local', '--json');
  expect(`${stdout}${stderr}`).not.toMatch(/\n\s+at .*:\d+:\d+/);
  const { runs } = JSON.parse(stdout) as { readonly runs: readonly Record<string, unknown>[] };
  expect(runs).toHaveLength(1);
  return { status, run: runs[0] ?? {} };
}

/** The newest row of the execution log of a pipeline. */
async function logged(name: string): Promise<Record<string, unknown> | undefined> {
  const rows = await space.sql(
    `SELECT status, stage, error_code, error_message FROM etl_execution_log WHERE pipeline_name = '${name}' ORDER BY start_time DESC LIMIT 1`,
  );
  return rows[0];
}

describe('a wrong command line or configuration ends with status 2, before anything is run', () => {
  it.each<[string, readonly string[], RegExp]>([
    [
      'an unknown pipeline',
      ['run', 'goood', '--config', 'good.yaml'],
      /There is no pipeline "goood"\. Did you mean "good"\?/,
    ],
    [
      'a configuration that is not there',
      ['run', '--config', 'nowhere.yaml'],
      /There is no configuration file nowhere\.yaml/,
    ],
    ['no configuration at all', ['run'], /There is no configuration in .*give one with --config FILE/],
    ['an unknown option', ['run', '--frce'], /unknown option '--frce'/],
    ['an unknown command', ['rum'], /unknown command 'rum'/],
  ])('%s', async (_, args, message) => {
    const { status, stderr } = await space.etl(...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(2);
  });

  it('as a process of its own', () => {
    const { status, stderr } = spawnSync(process.execPath, [path.resolve('dist/bin/etl.js'), 'rum'], {
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/unknown command 'rum'/);
    expect(status).toBe(2);
  });

  it('aliases that multiply', async () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
    for (const [at, name] of [...'bcdefgh'].entries()) {
      bomb.push(`${name}: &${name} [${Array(10).fill(`*${'abcdefg'[at]}`).join(',')}]`);
    }
    space.write('case.yaml', `${bomb.join('\n')}\n${pipeline('p', 'source_type: file, file_path: good.csv')}`);
    const { status, stderr } = await space.etl('check', '--config', 'case.yaml');
    expect(stderr).toMatch(/^case\.yaml: has aliases/);
    expect(status).toBe(2);
  });

  it('an unknown key', async () => {
    space.write('case.yaml', pipeline('p', 'source_type: file, file_path: good.csv, load_mod: upsert'));
    for (const command of ['run', 'check']) {
      const { status, stderr } = await space.etl(command, '--config', 'case.yaml');
      expect(stderr).toMatch(/case\.yaml:2:\d+: pipelines\.p\.load_mod: unknown key\. Did you mean "load_mode"\?/);
      expect(status).toBe(2);
    }
  });
});

describe('a wrong source fails its run with status 1, and the log says where and why', () => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['missing', 'source_type: file, file_path: goood.csv', 'start|extract', /goood\.csv/],
    ['wrong_json', 'source_type: file, file_path: wrong.json', 'extract|transform', /wrong\.json/],
    ['empty_file', 'source_type: file, file_path: empty.csv', 'start|extract|transform', /empty\.csv.*(empty|no)/],
    [
      'bad_rule',
      "source_type: file, file_path: good.csv, business_rules: [{ type: filter, condition: 'nme = 1' }]",
      'transform',
      /nme.*name/s,
    ],
  ];
  it.each(cases)('%s', async (name, settings, stage, message) => {
    const { run, status } = await runOf(pipeline(name, settings));
    expect(run).toMatchObject({ status: 'failed', pipeline_name: name, rows_loaded: 0 });
    expect(run.error_message).toMatch(message);
    expect(run.stage).toMatch(new RegExp(`^(${stage})$`));
    expect(status).toBe(1);
    expect(await logged(name)).toMatchObject({ status: 'failed', stage: run.stage, error_code: run.error_code });
  });

  it('a header without rows loads nothing and says so', async () => {
    const { run, status } = await runOf(pipeline('header_only', 'source_type: file, file_path: header.csv'));
    expect(run).toMatchObject({ status: 'success', rows_read: 0, rows_loaded: 0 });
    expect(status).toBe(0);
  });

  it('an API that is down', async () => {
    const { run, status } = await runOf(
      `data_source: { base_url: 'http://127.0.0.1:1', retry: { delays_seconds: [0.01, 0.02] } }\n${pipeline('down', 'source_type: api, endpoint: users')}`,
    );
    expect(run).toMatchObject({ status: 'failed', stage: 'extract' });
    expect(run.error_message).toMatch(/127\.0\.0\.1:1\/users/);
    expect(status).toBe(1);
    expect(await logged('down')).toMatchObject({ status: 'failed', stage: 'extract' });
  });

  it('an API that answers HTML', async () => {
    const { run, status } = await runOf(
      `data_source: { base_url: '${html.url}' }\n${pipeline('html', 'source_type: api, endpoint: users')}`,
    );
    expect(run).toMatchObject({ status: 'failed', stage: 'extract' });
    expect(run.error_message).toMatch(/text\/html|HTML/);
    expect(run.error_message).toMatch(/Please sign in/);
    expect(status).toBe(1);
  });

  it('an expression that is no expression is found by etl check, with its place', async () => {
    space.write(
      'case.yaml',
      pipeline(
        'p',
        "source_type: file, file_path: good.csv, business_rules: [{ type: filter, condition: 'id = = 1' }]",
      ),
    );
    const { status, stderr } = await space.etl('check', '--config', 'case.yaml');
    expect(stderr).toMatch(/pipeline "?p"?/i);
    expect(stderr).toMatch(/rule 1/);
    expect(status).toBe(2);
  });

  it('a table that someone else made with other columns', async () => {
    await space.sql('CREATE TABLE foreign_table (a integer PRIMARY KEY, b text)');
    const { run, status } = await runOf(
      `pipelines:\n  foreign: { source_type: file, file_path: good.csv, target_table: foreign_table }\n`,
    );
    expect(run).toMatchObject({ status: 'failed', stage: 'load', error_code: 'table_mismatch' });
    expect(run.error_message).toMatch(/foreign_table exists already.*no column "id", "name".*ALTER TABLE/s);
    expect(status).toBe(1);
    expect(await space.sql('SELECT count(*) AS n FROM foreign_table')).toEqual([{ n: '0' }]);
  });

  it('one failure does not stop the other pipelines', async () => {
    space.write(
      'case.yaml',
      `pipelines:\n  first: { source_type: file, file_path: nowhere.csv, target_table: t1 }\n  second: { source_type: file, file_path: good.csv, target_table: t2 }\n`,
    );
    const { status, stdout } = await space.etl('run', '--config', 'case.yaml', '--target', 'local', '--json');
    const { runs } = JSON.parse(stdout) as { readonly runs: readonly Record<string, unknown>[] };
    expect(runs.map((run) => run.status)).toEqual(['failed', 'success']);
    expect(status).toBe(1);
  });
});
