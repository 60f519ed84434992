import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTableName } from '../../lib/dsql/identifier.ts';
import { withRetries } from '../../lib/dsql/retry.ts';
import { type ConcludeRequest, checkNothingMissing, concludeLoad } from '../../lib/load/conclude.ts';
import { countMissingPiece, deletePiece, type LoadedRows } from '../../lib/load/conclude-piece.ts';
import { keyPieces } from '../../lib/load/key-pieces.ts';
import { type PieceProgress, workOnPieces } from '../../lib/load/piece-work.ts';
import { describeTable } from '../../lib/load/target-table.ts';
import type { Column } from '../../lib/manifest.ts';
import type { Fence } from '../../lib/state/fence.ts';
import { readLedgerTotals } from '../../lib/state/ledger.ts';
import { ensureServiceTables } from '../../lib/state/service-tables.ts';
import { chunkFiles } from '../support/chunk-files.ts';
import { heldLease } from '../support/held-lease.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { type BucketChunks, bucketChunks } from './support/bucket-chunks.ts';

let target: LocalTarget;
let fence: Fence;
let tables = 0;

beforeAll(async () => {
  target = await localTarget();
  await ensureServiceTables(target);
  fence = await heldLease(target, 'pieces');
});

afterAll(async () => {
  await target.remove();
});

const columns: readonly Column[] = [{ name: 'uuid_id', type: 'uuid' }];

/** Ids that lie at the edges of ranges too. */
const beginning = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.constantFrom(0, 0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0x5555_5555, 0x5555_5556, 0x3333_3333, 0x3333_3334),
);
const id = fc
  .tuple(beginning, fc.constantFrom('0000-0000-0000-000000000000', 'ffff-8fff-bfff-ffffffffffff'))
  .map(([first, rest]) => `${first.toString(16).padStart(8, '0')}-${rest}`);
const ids = fc.uniqueArray(id, { maxLength: 40 });

/** A table of the service's with these ids. */
async function tableOf(given: readonly string[]): Promise<string> {
  tables += 1;
  const name = `pieces_${tables}`;
  await target.sql.unsafe(`CREATE TABLE ${name} (uuid_id uuid PRIMARY KEY)`);
  await fill(name, 'uuid', given);
  return name;
}

async function fill(name: string, type: string, values: readonly (string | null)[]): Promise<void> {
  const list = values.map((value) => (value === null ? '(NULL)' : `('${value}'::${type})`)).join(', ');
  if (values.length > 0) await retried(() => target.sql.unsafe(`INSERT INTO ${name} VALUES ${list}`));
}

/** Retried, because a connection that has not heard of another's DDL is told OC001 once. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  return await withRetries('Reading', target.retry, work);
}

async function idsIn(name: string): Promise<readonly string[]> {
  const rows = await retried(() => target.sql.unsafe<{ id: string }[]>(`SELECT uuid_id::text AS id FROM ${name}`));
  return rows.map((row) => row.id).toSorted();
}

async function loadedRows(
  name: string,
  chunks: BucketChunks,
  keyColumns: readonly string[] = [],
): Promise<LoadedRows & { readonly runId: string }> {
  const table = await retried(() => describeTable(target.sql, parseTableName(name)));
  if (table === undefined) throw new Error(`no table ${name}`);
  return { ...chunks, target, pipelineName: 'pieces', runId: name, table, keyColumns };
}

/** What a replacement of one go would leave, and how many rows it would delete. */
function modelOf(present: readonly string[], source: readonly string[]): { left: readonly string[]; deleted: number } {
  const left = present.filter((one) => source.includes(one)).toSorted();
  return { left, deleted: present.length - left.length };
}

const cut = fc.record({ buckets: fc.integer({ min: 1, max: 7 }), keyed: fc.boolean() });

async function folderChunks(
  source: readonly string[],
  how: { buckets: number; keyed: boolean },
): Promise<BucketChunks> {
  return await bucketChunks(path.join(target.folder, `chunks-${tables}`), columns, source, how);
}

const ending = { loadMode: 'replace', indexes: [], verify: 'off', batchRows: 2_000, rowsRefused: 0 } as const;

/** The same, whose time is up when some transactions have committed. */
function outOfTime(of: ConcludeRequest, transactions: number): { of: ConcludeRequest; ending: AbortSignal } {
  const stopping = new AbortController();
  let left = transactions;
  const sql = new Proxy(of.target.sql, {
    get: (own, name): unknown => {
      if (name !== 'begin') return Reflect.get(own, name) as unknown;
      left -= 1;
      if (left >= 0) return own.begin;
      const error = new Error('out of time');
      stopping.abort(error);
      throw error;
    },
  });
  return { of: { ...of, target: { ...of.target, sql } }, ending: stopping.signal };
}

describe('a replacement by pieces', { timeout: 300_000 }, () => {
  it('leaves what one in one go leaves, in any order, killed behind any transaction and repeated', async () => {
    const kills = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        ids,
        ids,
        cut,
        kills,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        async (present, other, how, killed, order) => {
          const source = [
            ...other,
            ...present.filter((_, index) => index % 3 === 0 && !other.includes(present[index] ?? '')),
          ];
          const name = await tableOf(present);
          const rows = await loadedRows(name, await folderChunks(source, how));
          const { deleted, left } = modelOf(present, source);
          const { count } = keyPieces(rows, rows.table);
          expect(count).toBe(how.buckets === 1 && how.keyed ? 1 : how.buckets);
          let told = 0;
          const pieces = Array.from({ length: count }, (_, number) => ({ number, at: order.next().value ?? 0 }));
          const shuffled = pieces.toSorted((one, two) => one.at - two.at).map(({ number }) => number);
          for (const number of [...shuffled.slice(0, killed.length), ...shuffled]) {
            const after = killed.shift();
            let transactions = 0;
            const onDeleted = (gone: number): void => {
              told += gone;
              transactions += 1;
              if (transactions > (after ?? 9)) throw new Error('killed');
            };
            await deletePiece(rows, number, { fence, runId: name, onDeleted }).catch((error: unknown) => {
              expect(String(error)).toMatch(/killed/);
            });
          }
          expect(await idsIn(name)).toEqual(left);
          expect(told).toBe(deleted);
          expect((await readLedgerTotals(target.sql, name)).rows_deleted).toBe(deleted);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('counts as many missing rows as one in one go, and refuses with the same words where rows are rejected', async () => {
    await fc.assert(
      fc.asyncProperty(ids, ids, cut, async (present, source, how) => {
        const name = await tableOf(present);
        const pieces = await loadedRows(name, await folderChunks(source, how));
        const { buckets: _, ...plan } = pieces.plan;
        const whole = { ...pieces, plan };
        const { deleted } = modelOf(present, source);
        const { count } = keyPieces(pieces, pieces.table);
        let missing = 0;
        for (let number = 0; number < count; number += 1) missing += await countMissingPiece(pieces, number);
        expect(missing).toBe(deleted);
        for (const by of ['transform', 'database'] as const) {
          const said = async (rows: LoadedRows): Promise<string> =>
            await checkNothingMissing(rows, { rows: 3, by }).then(() => 'nothing', String);
          expect(await said(pieces)).toBe(await said(whole));
          expect(await said(pieces)).toMatch(deleted === 0 ? /^nothing$/ : new RegExp(`would delete ${deleted} rows`));
        }
        const refused = { ...ending, fence, rowsRefused: 2, rowsLoaded: source.length };
        if (deleted > 0) await expect(concludeLoad({ ...pieces, ...refused })).rejects.toThrow(/would delete/);
        expect(await idsIn(name)).toEqual(present.toSorted());
      }),
      { numRuns: 30 },
    );
  });

  it('concludes and verifies as one in one go', async () => {
    await fc.assert(
      fc.asyncProperty(ids, ids, cut, fc.constantFrom('count', 'full', 'off'), async (present, source, how, verify) => {
        const outcomes: unknown[] = [];
        for (const inOneGo of [false, true]) {
          const name = await tableOf([...new Set([...present, ...source])]);
          const rows = await loadedRows(name, await folderChunks(source, how));
          const { buckets: _, ...plan } = rows.plan;
          const request = { ...rows, ...(inOneGo ? { plan } : {}), ...ending, fence, verify };
          outcomes.push([await concludeLoad({ ...request, rowsLoaded: source.length }), await idsIn(name)]);
          if (verify !== 'off') {
            await expect(concludeLoad({ ...request, rowsLoaded: source.length + 1 })).rejects.toThrow(
              `Of ${source.length + 1} rows loaded into ${name} only ${source.length} are there`,
            );
          }
        }
        expect(outcomes[0]).toEqual(outcomes[1]);
        expect(outcomes[0]).toMatchObject([
          { rows_deleted: present.filter((one) => !source.includes(one)).length },
          source.toSorted(),
        ]);
      }),
      { numRuns: 20 },
    );
  });

  it('that is out of time says how far it is, and goes on from there with every row counted once', async () => {
    const name = await tableOf([]);
    for (let from = 0; from < 24_000; from += 2_000) {
      const ids = `md5(i::text)::uuid FROM generate_series(${from}, ${from + 1_999}) i`;
      await retried(() => target.sql.unsafe(`INSERT INTO ${name} SELECT ${ids}`));
    }
    const rows = await loadedRows(name, await folderChunks([], { buckets: 2, keyed: true }));
    const request = { ...rows, ...ending, fence, rowsLoaded: 0 };
    const started = { work: 'delete', from: 0, to: 2, rows: 0, after: null } as const;
    await expect(workOnPieces(outOfTime(request, 0).of, started, AbortSignal.abort())).rejects.toThrow('out of time');
    const seen: unknown[] = [];
    let progress: PieceProgress & { readonly complete: boolean } = { ...started, complete: false };
    while (!progress.complete) {
      const { ending: signal, of } = outOfTime(request, 5);
      progress = await workOnPieces(of, { ...started, ...progress }, signal);
      seen.push([progress.from, progress.rows]);
    }
    expect(progress.rows).toBe(24_000);
    expect(seen.slice(0, 2)).toEqual([
      [0, 5_000],
      [0, 10_000],
    ]);
    expect(await idsIn(name)).toEqual([]);
  });

  it('that lost its lease deletes nothing', async () => {
    const name = await tableOf(['00000000-0000-0000-0000-000000000000']);
    const rows = await loadedRows(name, await folderChunks([], { buckets: 2, keyed: true }));
    const lost = { ...fence, epoch: fence.epoch - 1 };
    await expect(deletePiece(rows, 0, { fence: lost, runId: name })).rejects.toThrow(/lease/);
    expect(await idsIn(name)).toHaveLength(1);
  });
});

describe('a replacement in a table that somebody else made', { timeout: 300_000 }, () => {
  /** Values of a type, as the table and the source have them. */
  const kinds: readonly (readonly [type: string, inSource: string, values: readonly string[]])[] = [
    ['smallint', 'BIGINT', ['-32768', '0', '7', '32767']],
    ['bigint', 'BIGINT', ['-9223372036854775808', '0', '12', '9223372036854775807']],
    ['numeric(12,3)', 'DECIMAL(18,2)', ['-1.5', '0', '1.00', '12.25', '99999.9']],
    ['double precision', 'DECIMAL(18,2)', ['-1.5', '0', '1.00', '12.25', '1000000']],
    ['real', 'DOUBLE', ['-1.5', '0', '0.25', '1000000']],
    ['text', 'VARCHAR', ['', ' ', 'a', 'A', 'ä', 'null', '{"a"}', "O''Brien", '\\N', 'NULL']],
    ['character varying(20)', 'VARCHAR', ['', 'a', 'b,c', '"q"']],
    ['date', 'DATE', ['0001-01-01', '1999-12-31', '2024-02-29', '9999-12-31']],
    [
      'timestamp without time zone',
      'TIMESTAMP',
      ['1999-12-31 23:59:59.999999', '2024-02-29 00:00:00', '2024-02-29 00:00:00.5'],
    ],
    [
      'timestamp with time zone',
      'TIMESTAMPTZ',
      ['1999-12-31 23:59:59.999999+00', '2024-02-29 01:00:00+01', '2024-02-29 00:00:00.5+00'],
    ],
    ['time without time zone', 'TIME', ['00:00:00', '12:30:00.5', '23:59:59.999999']],
    ['boolean', 'BOOLEAN', ['true', 'false']],
    ['uuid', 'UUID', ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']],
  ];

  it.each(kinds)(
    'compares keys of type %s as the database does, and takes away rows without a key',
    async (type, inSource, values) => {
      await fc.assert(
        fc.asyncProperty(
          fc.subarray([...values]),
          fc.subarray([...values]),
          fc.integer({ min: 0, max: 2 }),
          async (present, source, nulls) => {
            tables += 1;
            const name = `foreign_${tables}`;
            await target.sql.unsafe(`CREATE TABLE ${name} (k ${type} UNIQUE)`);
            await fill(name, type, [...present, ...Array.from({ length: nulls }, () => null)]);
            const rowsOfSource = `SELECT unnest([${source.map((value) => `'${value}'`).join(', ')}]::VARCHAR[])::${inSource} AS k`;
            const chunks = await chunkFiles(path.join(target.folder, name), [{ name: 'k', type }], [rowsOfSource]);
            const given = `SELECT k::${type} AS k FROM (VALUES ${[`(NULL)`, ...source.map((value) => `('${value}')`)].join(', ')}) v (k)`;
            const left = await retried(() =>
              target.sql.unsafe(`SELECT t.k::text AS k FROM ${name} t JOIN (${given}) g ON t.k = g.k ORDER BY t.k`),
            );
            const rows = await loadedRows(name, chunks, ['k']);
            const concluded = await concludeLoad({ ...rows, ...ending, fence, rowsLoaded: source.length });
            expect([...(await target.sql.unsafe(`SELECT k::text AS k FROM ${name} ORDER BY k`))]).toEqual([...left]);
            expect(concluded.rows_deleted).toBe(present.length + nulls - left.length);
          },
        ),
        { numRuns: 8 },
      );
    },
  );

  it('with a text for an id goes by the text, in one piece', async () => {
    await target.sql`CREATE TABLE text_id (uuid_id text PRIMARY KEY)`;
    await fill('text_id', 'text', [
      'no uuid',
      '00000000-0000-0000-0000-00000000000A',
      '00000000-0000-0000-0000-00000000000a',
    ]);
    const chunks = await folderChunks(['00000000-0000-0000-0000-00000000000a'], { buckets: 3, keyed: true });
    const rows = await loadedRows('text_id', chunks);
    expect(keyPieces(rows, rows.table).count).toBe(1);
    expect(await concludeLoad({ ...rows, ...ending, fence, rowsLoaded: 1 })).toMatchObject({ rows_deleted: 2 });
    expect(await idsIn('text_id')).toEqual(['00000000-0000-0000-0000-00000000000a']);
  });
});
