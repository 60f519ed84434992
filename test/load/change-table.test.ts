import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import type { Sql } from '../../lib/dsql/connect.ts';
import { parseTableName } from '../../lib/dsql/identifier.ts';
import type { RetryContext } from '../../lib/dsql/retry.ts';
import { ddlLeaseName } from '../../lib/load/change-table.ts';
import { defineTable, type TableDemand } from '../../lib/load/define-table.ts';
import { TableBusyError } from '../../lib/load/errors.ts';
import { buildIndexes } from '../../lib/load/indexes.ts';
import { describeTable } from '../../lib/load/target-table.ts';
import { setLocalFaults } from '../../lib/local/client.ts';
import { takeLease } from '../../lib/state/lease.ts';
import { ensureServiceTables } from '../../lib/state/service-tables.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;
let stateDir: string;

beforeAll(async () => {
  target = await localTarget();
  stateDir = path.join(target.folder, 'state');
  await ensureServiceTables(target);
});

afterAll(async () => {
  await target.remove();
});

/** A statement as it was sent, and when, in milliseconds. */
interface Sent {
  readonly text: string;
  readonly began: number;
  readonly ended: number;
}

/** The same pool, with a list of what was sent through it. */
function recorded(sql: Sql): { readonly sql: Sql; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const note = async (text: string, query: PromiseLike<unknown>): Promise<unknown> => {
    const began = performance.now();
    try {
      return await query;
    } finally {
      sent.push({ text, began, ended: performance.now() });
    }
  };
  const proxy = new Proxy(sql, {
    apply: (pool, self, [parts, ...values]: [TemplateStringsArray, ...unknown[]]) =>
      note(parts.join('?'), Reflect.apply(pool, self, [parts, ...values])),
    get: (pool, key) =>
      key === 'unsafe' ? (text: string) => note(text, pool.unsafe(text)) : Reflect.get(pool, key, pool),
  });
  return { sql: proxy, sent };
}

const isDdl = ({ text }: Sent): boolean => /^(CREATE|ALTER)/.test(text);

function demandOf(table: string, extra: readonly string[]): TableDemand {
  const columns = ['id', ...extra].map((name) => ({ name, type: 'text' }));
  return {
    name: parseTableName(table),
    columns: [{ name: 'uuid_id', type: 'uuid' }, ...columns],
    keyColumns: [],
    loadMode: 'insert',
  };
}

async function columnsOf(table: string): Promise<readonly string[]> {
  const described = await describeTable(target.sql, parseTableName(table));
  return described?.columns.map((column) => column.name) ?? [];
}

async function leases(): Promise<readonly string[]> {
  const rows = await target.sql<{ readonly pipeline_name: string }[]>`SELECT pipeline_name FROM etl_state`;
  return rows.map((row) => row.pipeline_name);
}

/** A clock whose sleeps take no time and each move it on `pace` times as far, and by how much in all, in seconds. */
function virtualClock(pace = 1): { readonly clock: Clock; readonly slept: () => number } {
  const began = Date.now();
  let now = began;
  return {
    clock: {
      now: () => new Date(now),
      sleep: async (ms, signal) => {
        signal?.throwIfAborted();
        now += ms * pace;
      },
    },
    slept: () => (now - began) / 1000,
  };
}

describe('a table that six runs define at once with different columns', () => {
  const columns = Array.from({ length: 6 }, (_, i) => [`own_${i}`, `also_${i}`]);

  it.each(['a new one', 'one that exists'])('gets all columns, without DDL at the same time: %s', async (kind) => {
    const table = kind === 'a new one' ? 'at_once' : 'at_once_again';
    if (kind !== 'a new one') await defineTable(target, demandOf(table, []));
    const runs = columns.map((own) => ({ own, ...recorded(target.connect(2)) }));
    await Promise.all(runs.map(({ sql }) => sql`SELECT 1`));
    const met: string[] = [];
    const retry: RetryContext = { ...target.retry, onRetry: ({ code, words }) => met.push(`${code} ${words}`) };
    const defined = await Promise.all(
      runs.map(({ own, sql }) => defineTable({ ...target, sql, retry }, demandOf(table, own))),
    );
    for (const [index, one] of defined.entries()) {
      expect(one.columns.map((column) => column.name)).toEqual(expect.arrayContaining(columns[index] ?? []));
    }
    expect(await columnsOf(table)).toEqual(expect.arrayContaining(columns.flat()));
    // Conflicts over the row of the lease are what it is for; DDL met none.
    expect(met.filter((failure) => !failure.includes('OC000'))).toEqual([]);
    const ddl = runs.flatMap(({ sent }) => sent.filter(isDdl)).sort((a, b) => a.began - b.began);
    expect(ddl).toHaveLength(kind === 'a new one' ? 11 : 12);
    for (const [index, statement] of ddl.entries()) {
      expect(statement.began).toBeGreaterThanOrEqual(ddl[index - 1]?.ended ?? 0);
    }
    expect(await leases()).toEqual([]);
  });

  it('and with the same columns is made once', async () => {
    const runs = columns.map(() => recorded(target.connect(1)));
    await Promise.all(runs.map(({ sql }) => defineTable({ ...target, sql }, demandOf('same', ['a']))));
    expect(runs.flatMap(({ sent }) => sent.filter(isDdl))).toHaveLength(1);
  });
});

describe('a table that fits', () => {
  it('costs one read of the catalog, and waits for no lease', async () => {
    const demand = demandOf('fitting', ['a']);
    await defineTable(target, demand);
    const name = ddlLeaseName(demand.name);
    await takeLease(target, { name, holder: 'other', seconds: 3_600 });
    const { sent, sql } = recorded(target.sql);
    await defineTable({ ...target, sql }, demand);
    expect(sent.map(({ text }) => /FROM pg_catalog\.\w+/.exec(text)?.[0])).toEqual(['FROM pg_catalog.pg_attribute']);
    await target.sql`DELETE FROM etl_state WHERE pipeline_name = ${name}`;
  });
});

describe('a lease that another run holds', () => {
  const held = async (table: string, seconds: number, clock: Clock): Promise<void> => {
    const name = ddlLeaseName(parseTableName(table));
    await takeLease({ ...target, retry: { ...target.retry, clock } }, { name, holder: 'other', seconds });
  };

  it("is taken over when its time is over by the database's clock, and not before", async () => {
    const { clock, slept } = virtualClock(20);
    await held('expiring', 60, clock);
    // The clock of this machine passes the lease's time four times before the database's does.
    const over = {
      ...clock,
      sleep: async (ms: number): Promise<void> => {
        await clock.sleep(ms);
        if (slept() < 250) return;
        await target.sql`
          UPDATE etl_state SET lease = lease || jsonb_build_object('expires_at', CURRENT_TIMESTAMP - interval '1 second')
           WHERE pipeline_name = ${ddlLeaseName(parseTableName('expiring'))}`;
      },
    };
    await defineTable({ ...target, retry: { ...target.retry, clock: over } }, demandOf('expiring', []));
    expect(slept()).toBeGreaterThan(249);
    expect(slept()).toBeLessThan(256);
    expect(await leases()).toEqual([]);
  });

  it('is waited for while it is renewed, five minutes at most', async () => {
    const { clock, slept } = virtualClock(20);
    await held('busy', 3_600, clock);
    const { sent, sql } = recorded(target.sql);
    const attempt = defineTable({ ...target, sql, retry: { ...target.retry, clock } }, demandOf('busy', []));
    await expect(attempt).rejects.toThrow(TableBusyError);
    await expect(attempt).rejects.toThrow(/^Table busy has been changed by other runs .* for 300 s\. Run again/);
    expect(slept()).toBeGreaterThanOrEqual(300);
    expect(sent.filter(isDdl)).toEqual([]);
    expect(await leases()).toEqual(['ddl public.busy']);
    await target.sql`DELETE FROM etl_state`;
  });

  it('is waited for no longer when the table fits, or when the run is told to stop', async () => {
    await held('made', 3_600, target.retry.clock);
    const waiting = defineTable(target, demandOf('made', ['a']));
    await target.sql`CREATE TABLE made (uuid_id uuid PRIMARY KEY, id text, a text)`;
    expect((await waiting).ours).toBe(true);
    const stop = new AbortController();
    const stopped = defineTable(
      { ...target, retry: { ...target.retry, signal: stop.signal } },
      demandOf('made', ['b']),
    );
    void setTimeout(300).then(() => stop.abort(new Error('told to stop')));
    await expect(stopped).rejects.toThrow(/told to stop|aborted/);
    await target.sql`DELETE FROM etl_state`;
  });

  it('is given back by a run whose DDL is refused', async () => {
    const name = parseTableName('nowhere.refused');
    await expect(defineTable(target, { ...demandOf('x', []), name })).rejects.toThrow(
      /CREATE TABLE nowhere\.refused was refused/,
    );
    expect(await leases()).toEqual([]);
  });
});

describe('a table that was made while a run was under way', () => {
  it('is not altered where its ids have another name than those of the rows', async () => {
    await target.sql`CREATE TABLE other_id (uuid_id uuid PRIMARY KEY, id text)`;
    const source = { name: 'uuid_id', type: 'text', evidence: 'a is no number' };
    const columns = [{ name: 'etl_uuid_id', type: 'uuid' }, { name: 'id', type: 'text' }, source];
    await expect(defineTable(target, { ...demandOf('other_id', []), columns })).rejects.toThrow(
      /its ids are in "uuid_id" where those of the rows are in "etl_uuid_id".*Run the pipeline again/,
    );
    expect(await columnsOf('other_id')).toEqual(['uuid_id', 'id']);
  });
});

describe('a process that is killed amid its DDL', () => {
  it('does not keep the next one from finishing it', async () => {
    const own = [...'abcdefghijkl'];
    await defineTable(target, demandOf('killed', []));
    await setLocalFaults(stateDir, { statementLatencyMs: 150 });
    const { ca, hostname, port, region, user } = target.hold.endpoint;
    const endpoint = { hostname, port, region, user, ca, database: 'postgres' };
    const given = {
      endpoint,
      credentials: target.hold.credentials,
      where: target.where,
      demand: demandOf('killed', own),
    };
    const child = spawn(process.execPath, ['test/support/define-table.mjs', JSON.stringify(given)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('close', (_, signal) => resolve(signal)));
    while (!(await columnsOf('killed')).includes('a')) expect(child.exitCode).toBeNull();
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    await setLocalFaults(stateDir, {});
    expect(await columnsOf('killed')).not.toContain('l');
    expect(await leases()).toEqual(['ddl public.killed']);
    const began = performance.now();
    await defineTable(target, demandOf('killed', own));
    // Less than the lease of a process of another machine lasts.
    expect(performance.now() - began).toBeLessThan(25_000);
    expect(await columnsOf('killed')).toEqual(expect.arrayContaining(own));
    expect(await leases()).toEqual([]);
  });
});

describe('an index that two runs want at once', () => {
  it('is created by one and waited for by both, who keep nobody from changing the table meanwhile', async () => {
    const table = parseTableName('indexed_twice');
    await defineTable(target, demandOf('indexed_twice', ['a']));
    // The build takes as long as the test wants: a run sees no valid index before.
    let built = false;
    const looks = [0, 0];
    const slow = (sql: Sql, run: number): Sql =>
      new Proxy(sql, {
        apply: async (pool, self, [parts, ...values]: [TemplateStringsArray, ...unknown[]]) => {
          const rows = (await Reflect.apply(pool, self, [parts, ...values])) as readonly object[];
          if (built || !parts.join('').includes('indisvalid')) return rows;
          looks[run] = (looks[run] ?? 0) + rows.length;
          return rows.map(() => ({ indisvalid: false }));
        },
      });
    const runs = [recorded(target.connect(1)), recorded(target.connect(1))];
    let done = false;
    const both = Promise.all(
      runs.map(({ sql }, run) =>
        buildIndexes({ ...target, sql: slow(sql, run) }, table, [{ columns: ['a'], unique: false }]),
      ),
    ).finally(() => {
      done = true;
    });
    while (looks.some((count) => count < 3)) {
      expect(done).toBe(false);
      await setTimeout(20);
    }
    expect(await leases()).toEqual([]);
    await defineTable(target, demandOf('indexed_twice', ['a', 'b']));
    expect(done).toBe(false);
    built = true;
    await both;
    expect(
      await target.sql`
        SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = 'indexed_twice_a_idx'`,
    ).toMatchObject([{ indisvalid: true }]);
    expect(runs.flatMap(({ sent }) => sent.filter(isDdl))).toHaveLength(1);
  });
});
