import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { connect, type Sql } from '../../lib/dsql/connect.ts';
import { parseTableName } from '../../lib/dsql/identifier.ts';
import { ddlLeaseName } from '../../lib/load/change-table.ts';
import { defineTable } from '../../lib/load/define-table.ts';

import type { Plan } from '../../lib/manifest.ts';
import { defineStage, indexStage } from '../../lib/run/define.ts';
import type { Run } from '../../lib/run/run.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import { bootstrapRole } from '../../lib/run/service-role.ts';
import { takeLease } from '../../lib/state/lease.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import { heldLease } from '../support/held-lease.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

const role = 'loader';
const { data_source: dataSource, pipelines } = parseConfig(
  'pipelines: { people: { source_type: file, file_path: people.csv, target_table: people, indexes: [[id]] } }',
  'etl.yaml',
);

let target: LocalTarget;
/** Connected as the role that loads. */
let loader: Sql;

beforeAll(async () => {
  target = await localTarget();
  await bootstrapRole(target, { role, roleArns: ['arn:aws:iam::111122223333:role/load'] });
  const { ca, hostname, port, region } = target.hold.endpoint;
  loader = connect(
    { hostname, port, region, user: role, ca, database: 'postgres' },
    { maxConnections: 2, credentials: target.hold.credentials },
  );
});

afterAll(async () => {
  await loader.end({ timeout: 1 });
  await target.remove();
});

function contextOf(sql: Sql): RunContext {
  const settings = pipelines.people;
  if (settings === undefined) throw new Error('no pipeline');
  return {
    pipeline: { name: 'people', settings, dataSource },
    baseDir: target.folder,
    target: { ...target, sql, pid: 0 },
    store: folderStore(target.folder),
    scratchDir: target.folder,
    connections: 2,
    resolveSecret: () => Promise.reject(new Error('no secrets here')),
  };
}

async function heldRun(): Promise<Run> {
  const { epoch } = await heldLease(target, 'people');
  return {
    run_id: 'define',
    trigger: 'cli',
    start_time: '2026-01-01T00:00:00Z',
    resumed: false,
    repeated: false,
    epoch,
  };
}

function planOf(...names: readonly string[]): Plan {
  const columns = ['id', ...names].map((name) => ({ name, type: 'text', source_name: name }));
  const counts = { rows_read: 1, rows_filtered: 0, rows_deduplicated: 0, rows_rejected: 0, rows_clean: 1 };
  return {
    columns: [{ name: 'uuid_id', type: 'uuid' }, ...columns],
    chunks: [],
    rejected: [],
    counts,
    key_columns: ['id'],
    indexes: [{ columns: ['id'], unique: false }],
  };
}

const holderOf = async (table: string): Promise<unknown> => {
  const [row] = await target.sql`
    SELECT lease->>'pid' AS pid FROM etl_state WHERE pipeline_name = ${ddlLeaseName(parseTableName(table))}`;
  return row?.pid;
};

describe("the stages of the tables' owner", () => {
  it('at once for one table end with all columns, the indexes, and a role that may load it', async () => {
    const run = await heldRun();
    const plans = [planOf('a'), planOf('b'), planOf('c')];
    const pids = new Set<unknown>();
    let done = false;
    const stages = Promise.all(
      plans.map(async (plan) => {
        const context = contextOf(target.connect(2));
        await defineStage(context, run, plan, role);
        await indexStage(context, run, plan);
      }),
    ).finally(() => {
      done = true;
    });
    while (!done) pids.add(await holderOf('people'));
    await stages;
    // A function's process does not stay, so the lease names none.
    expect([...pids].filter((pid) => pid !== undefined)).toEqual(['0']);
    expect(await target.sql`SELECT 1 FROM etl_state WHERE pipeline_name LIKE 'ddl %'`).toEqual([]);
    expect(await target.sql`SELECT 1 FROM etl_lease WHERE name LIKE 'ddl %'`).toEqual([]);
    const uuid = '00000000-0000-8000-8000-000000000001';
    await loader`INSERT INTO people (uuid_id, id, a, b, c) VALUES (${uuid}::text::uuid, '1', 'a', 'b', 'c')`;
    expect(await loader`SELECT id, a, b, c FROM people`).toMatchObject([{ id: '1', a: 'a', b: 'b', c: 'c' }]);
    const valid = await target.sql`
      SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = 'people_id_idx'`;
    expect(valid).toMatchObject([{ indisvalid: true }]);
  });

  it('again issue no DDL and take no lease', async () => {
    const name = ddlLeaseName(parseTableName('people'));
    await takeLease(target, { name, holder: 'other', seconds: 3_600 });
    const run = await heldRun();
    await defineStage(contextOf(target.sql), run, planOf('a'), role);
    await indexStage(contextOf(target.sql), run, planOf('a'));
    await target.sql`DELETE FROM etl_state`;
    await target.sql`DELETE FROM etl_lease`;
  });
});

describe('the role that loads', () => {
  it('may take the lease of a table, and change none', async () => {
    const refused = defineTable(
      { ...target, sql: loader, where: { endpoint: 'local DSQL', user: role } },
      { name: parseTableName('forbidden'), columns: planOf().columns, keyColumns: [], loadMode: 'insert' },
    );
    await expect(refused).rejects.toThrow(
      /refused to role loader: permission denied for schema public\. As admin, give the role the privilege\./,
    );
    expect(await target.sql`SELECT 1 FROM etl_state WHERE pipeline_name LIKE 'ddl %'`).toEqual([]);
    expect(await target.sql`SELECT 1 FROM etl_lease WHERE name LIKE 'ddl %'`).toEqual([]);
  });
});
