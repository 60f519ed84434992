import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;

beforeAll(async () => {
  space = await inProcess();
  space.write('good.csv', 'id,name\n1,a\n2,b\n');
  space.write('bad.csv', 'id,name\nx,a\n');
  const strict = 'columns: {id: bigint}, max_rejected_rows: 0';
  space.write(
    'etl.yaml',
    `pipelines:
  good: { source_type: file, file_path: good.csv, target_table: good }
  bad: { source_type: file, file_path: bad.csv, target_table: bad, ${strict} }
`,
  );
});
afterAll(() => space.remove());

const runFolder = (...names: string[]): string => path.join(space.folder, '.etl', 'runs', ...names);

/** Files of a run, as an interrupted one leaves them. */
function leave(id: string, endpoint: string | undefined, days = 0): void {
  mkdirSync(runFolder(id, 'raw'), { recursive: true });
  writeFileSync(runFolder(id, 'raw', 'part-00000.ndjson'), '{}\n'.repeat(1_000));
  if (endpoint !== undefined) writeFileSync(runFolder(id, 'owner.json'), JSON.stringify({ endpoint }));
  const at = new Date(Date.now() - days * 24 * 60 * 60 * 1_000);
  for (const name of ['raw', '.']) utimesSync(runFolder(id, name), at, at);
}

const left = (): readonly string[] => readdirSync(runFolder()).sort();

describe('the files of runs', () => {
  it('that nobody will go on with are removed by the next run and by etl clean, and no others', async () => {
    expect(await space.run(['bad'])).toMatchObject([{ status: 'failed' }]);
    const [failed = ''] = left();
    expect(failed).not.toBe('');
    const dead = (id: string): void => {
      leave(id, 'local DSQL');
      leave(`${id}-old`, 'other.dsql.us-east-1.on.aws', 31);
      leave(`${id}-unnamed`, undefined, 31);
    };
    leave('other', 'other.dsql.us-east-1.on.aws', 29);
    leave('recent', undefined, 1);
    mkdirSync(path.join(space.folder, '.etl', 'scratch', '4194305'), { recursive: true });

    dead('a');
    expect(await space.run(['good'])).toMatchObject([{ status: 'success' }]);
    expect(left()).toEqual([failed, 'other', 'recent'].sort());
    expect(existsSync(path.join(space.folder, '.etl', 'scratch', '4194305'))).toBe(false);

    dead('b');
    const cleaned = await space.etl('clean', '--target', 'local', '--json');
    expect(JSON.parse(cleaned.stdout)).toEqual({ removed: 3, bytes: expect.any(Number), kept: 3 });
    expect(left()).toEqual([failed, 'other', 'recent'].sort());
    expect((await space.etl('clean', '--target', 'local')).stdout).toBe(
      'Removed 0 folders with 0 MB; kept 3 of runs that can be continued or that belong to another target.\n',
    );
  });

  it('of a failed run are removed when a later one of its pipeline has succeeded', async () => {
    const before = left();
    space.write('bad.csv', 'id,name\n7,a\n');
    expect(await space.run(['bad'])).toMatchObject([{ status: 'success' }]);
    expect(left()).toEqual(before.filter((name) => ['other', 'recent'].includes(name)));
  });

  it.skipIf(process.platform === 'win32')(
    'are readable by their owner alone, also those that others could read',
    async () => {
      chmodSync(path.join(space.folder, '.etl'), 0o755);
      space.write('bad.csv', 'id,name\ny,a\n');
      expect(await space.run(['bad'])).toMatchObject([{ status: 'failed' }]);
      const all = readdirSync(path.join(space.folder, '.etl'), { recursive: true, encoding: 'utf8' });
      const open = all
        .map((name) => path.join(space.folder, '.etl', name))
        .filter((file) => (statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o077);
      expect(open).toEqual([]);
    },
  );
});
