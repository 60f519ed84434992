import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sql } from '../../lib/dsql/connect.ts';
import type { RunResult } from '../../lib/run/result.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { runFile } from '../support/run-file.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => {
  await target.remove();
});

/**
 * A pool of which nothing is sent from the given transaction on, as that of a laptop that sleeps: the renewals of the
 * lease, which are no transactions of their own, wait too.
 */
function sleeping(
  sql: Sql,
  from: number,
): { readonly sql: Sql; readonly asleep: Promise<void>; readonly wake: () => void } {
  let wake = (): void => undefined;
  const awake = new Promise<void>((resolve) => {
    wake = resolve;
  });
  let fallAsleep = (): void => undefined;
  const asleep = new Promise<void>((resolve) => {
    fallAsleep = resolve;
  });
  let begun = 0;
  const sent = new Set<Promise<unknown>>();
  const send = async <T>(work: () => Promise<T>): Promise<T> => {
    if (begun >= from) {
      // What was sent before has ended, so that nothing of the run arrives while it is asleep.
      void Promise.allSettled(sent).then(fallAsleep);
      await awake;
    }
    const sending = work();
    sent.add(sending);
    return await sending.finally(() => sent.delete(sending));
  };
  const proxy = new Proxy(sql, {
    apply: (pool, self, given: Parameters<Sql>) => send(() => Reflect.apply(pool, self, given)),
    get: (pool, key) => {
      if (key === 'begin') {
        return (...given: Parameters<Sql['begin']>) => {
          begun += 1;
          return send(() => pool.begin(...given));
        };
      }
      if (key === 'unsafe') return (...given: Parameters<Sql['unsafe']>) => send(() => pool.unsafe(...given));
      return Reflect.get(pool, key, pool);
    },
  });
  return { sql: proxy, asleep, wake };
}

const file = (name: string, rows: number, text: string): string => {
  const location = path.join(target.folder, `${name}.csv`);
  writeFileSync(location, `id,name\n${Array.from({ length: rows }, (_, i) => `${i},${text} ${i}\n`).join('')}`);
  return location;
};

describe('a run that sleeps while another takes its pipeline over', () => {
  it.each([
    ['insert', 12],
    ['upsert', 12],
    ['replace', 12],
    ['replace', 5],
  ])('writes nothing more when it wakes: %s, asleep from its transaction %i on', async (mode, from) => {
    const table = `asleep_${mode}_${from}`;
    const settings = `load_mode: ${mode}, batch_rows: 500${mode === 'insert' ? '' : ', key_columns: [id]'}`;
    const run = (rows: string, sql: Sql): Promise<RunResult> =>
      runFile(
        { ...target, sql },
        { folder: path.join(target.folder, table), file: rows, table, settings, connections: 1, chunkRows: 2_000 },
      );
    const { asleep, sql, wake } = sleeping(target.sql, from);
    const first = run(file(`${table}-old`, 6_000, 'stale'), sql);
    await asleep;
    await target.sql`
      UPDATE etl_state SET lease = lease || jsonb_build_object('expires_at', CURRENT_TIMESTAMP - interval '1 second')
       WHERE pipeline_name = ${table}`;
    const second = await run(file(`${table}-new`, 4_000, 'new'), target.sql);
    expect(second).toMatchObject({ status: 'success', rows_read: 4_000 });
    const held = (): Promise<unknown> =>
      target.sql.unsafe(`SELECT name, count(*) AS n FROM ${table} GROUP BY name ORDER BY name`);
    const before = await held();
    const logged = await target.sql`SELECT * FROM etl_execution_log WHERE pipeline_name = ${table} ORDER BY run_id`;
    wake();
    expect(await first).toMatchObject({ status: 'failed', error_code: 'lease_lost' });
    expect(await held()).toEqual(before);
    expect(await target.sql`SELECT * FROM etl_execution_log WHERE pipeline_name = ${table} ORDER BY run_id`).toEqual(
      logged,
    );
    expect(await target.sql`SELECT 1 FROM etl_lease WHERE name = ${table}`).toEqual([]);
  });
});
