import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, deploy } from '../support/aws/deployment.ts';
import { leftBy } from '../support/aws/left-by.ts';
import { allows, grantsOf } from '../support/aws/permissions.ts';
import { expectSame } from '../support/expect-same.ts';
import type { Outcome } from '../support/states-interpreter/interpret.ts';

const rowCount = 4_000;

/** Quoted line ends, repeats of rows and keys far apart, values that are rejected in every piece, and a last row of another type. */
const csv = [
  'id,name,n,late',
  ...Array.from({ length: rowCount }, (_, i) => {
    const at = i % 3_700;
    return `${at},"na\nme, ""${at}""",${i % 97 === 0 ? 'x' : at},${i === rowCount - 1 ? 'three' : at % 50}`;
  }),
  '',
].join('\n');

const ndjson = Array.from({ length: rowCount }, (_, i) => {
  const at = i % 3_700;
  return `${JSON.stringify({ id: at, name: `name\n${at}`, n: i % 97 === 0 ? 'x' : at, ...(i > 3_900 ? { late: { a: i } } : {}) })}\n`;
}).join('');

const typed = 'columns: { n: bigint }';
const cases = {
  insert: `load_mode: insert, ${typed}`,
  insert_keyed: `load_mode: insert, key_columns: [id], ${typed}`,
  upsert: `load_mode: upsert, key_columns: [id], ${typed}`,
  upsert_latest: `load_mode: upsert, key_columns: [id], latest_by: n, ${typed}`,
  replace: `load_mode: replace, key_columns: [id], ${typed}, verify: full`,
  replace_unkeyed: `load_mode: replace, deduplicate: true, ${typed}, verify: full`,
  untyped: 'load_mode: insert',
  looked_up: `load_mode: insert, ${typed}, business_rules: [
    { type: lookup, from: { table: names }, on: { id: id }, take: { label: label }, on_miss: reject },
    { type: lookup, from: { file: s3://lookups/names.csv }, on: { id: id }, take: { other: label }, on_miss: 'null' },
    { type: filter, condition: "id > 10" }]`,
  flattened: `load_mode: insert, ${typed}, flatten: 1, file_path: FOLDER/rows.ndjson`,
  json: `load_mode: upsert, key_columns: [id], ${typed}, file_path: FOLDER/rows.ndjson`,
} as const;

let folder: string;
let service: Deployment;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-scatter-'));
  writeFileSync(path.join(folder, 'rows.csv'), csv);
  writeFileSync(path.join(folder, 'rows.ndjson'), ndjson);
  const pipeline = (table: string, settings: string): string => {
    const file = settings.includes('file_path') ? '' : `, file_path: ${folder}/rows.csv`;
    return `  ${table}: { source_type: file, target_table: ${table}${file}, max_rejected_ratio: 1, ${settings.replaceAll('FOLDER', folder)} }`;
  };
  const config = `pipelines:
${Object.entries(cases)
  .flatMap(([name, settings]) => [
    pipeline(`whole_${name}`, `${settings}, pieces_above_mb: 1000`),
    pipeline(`pieces_${name}`, `${settings}, piece_mb: 0.02`),
  ])
  .join('\n')}
deploy:
  architecture: x86_64
  chunk_rows: 1000
  scatter_above_mb: 0
  scatter_concurrency: 2
  load_concurrency: 2
`;
  service = await deploy({ config });
  expect(await service.bootstrap('Create')).toMatchObject({ Status: 'SUCCESS' });
  await service.aws.createBucket('lookups');
  const names = Array.from({ length: 3_000 }, (_, id) => `${id},l${id}\n`);
  await service.aws.putObject('lookups', 'names.csv', `id,label\n${names.join('')}`);
  await service.target.sql`CREATE TABLE names (id bigint PRIMARY KEY, label text)`;
  await service.target.sql`INSERT INTO names SELECT i, 'table ' || i FROM generate_series(0, 2999) AS i`;
  await service.target.sql`GRANT SELECT ON names TO dsql_etl`;
}, 240_000);

afterAll(async () => {
  await service?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run(pipeline: string): Promise<Outcome> {
  const outcome = await service.execute({ pipeline, again: true });
  expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
  return outcome;
}

describe('a source that is cleaned in pieces', () => {
  it.each(Object.keys(cases))(
    'leaves the rows, ids, rejected rows and log of one go: %s',
    async (name) => {
      const whole = await run(`whole_${name}`);
      expect(whole.path).toContain('Transform');
      const pieces = await run(`pieces_${name}`);
      expect(pieces.path).not.toContain('Transform');
      const maps = pieces.mapRuns.map(({ state }) => state);
      const follow = name.startsWith('replace') ? ['Take away by bucket', 'Verify by bucket'] : [];
      const check = name.startsWith('replace') ? ['Check by bucket'] : [];
      const expectedMaps = ['Clean', 'Gather', ...check, 'Load distributed', ...follow];
      expect(maps.filter((state) => state !== 'Survey')).toEqual(expectedMaps);
      const [expected, found] = [
        await leftBy(service.target, `whole_${name}`),
        await leftBy(service.target, `pieces_${name}`),
      ];
      expect(found.columns).toEqual(expected.columns);
      expect(found.log).toEqual(expected.log);
      expect(found.rows.length).toBeGreaterThan(1_000);
      expectSame(found.rows, expected.rows);
      expectSame(found.rejected, expected.rejected);
    },
    180_000,
  );

  it('is read where it lies, by the rights of the functions that read pieces', () => {
    const roles = new Map(Object.entries(service.functions).map(([name, { roleId }]) => [name, roleId]));
    const grants = grantsOf(service.assembly);
    const calls = service.calls.filter(({ action }) => action.startsWith('s3:'));
    const refused = calls.filter(
      (call) =>
        roles.has(call.principal) &&
        !grants.some((grant) => grant.role === roles.get(call.principal) && allows(grant, call)),
    );
    expect(refused).toEqual([]);
    const readers = calls.filter(({ action, resource }) => action === 's3:GetObject' && /-assets-/.test(resource));
    expect([...new Set(readers.map(({ principal }) => principal))].sort()).toEqual(
      expect.arrayContaining(['extract', 'scatter', 'transform']),
    );
    // What is looked up is copied, once for each run: a call that is repeated has to read the same.
    const copies = calls.filter(({ action, resource }) => action === 's3:PutObject' && /\/raw\/part-/.test(resource));
    const ofLookups = copies.map(
      ({ resource }) => /\/runs\/([^/]+)\/lookups\/2\/raw\/part-00000\.csv$/.exec(resource)?.[1],
    );
    expect(ofLookups).not.toContain(undefined);
    expect([ofLookups.length, new Set(ofLookups).size]).toEqual([2, 2]);
  });
});
