import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SqlOptions, writeAnswers } from '../../lib/cli/sql/write-answers.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => await target.remove());

interface Written {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function sql(query: string, options: SqlOptions = {}, columns?: number): Promise<Written> {
  let out = '';
  let err = '';
  const stdout = Object.assign(
    new Writable({
      write: (chunk: Buffer, _, done) => {
        out += chunk.toString();
        done();
      },
    }),
    columns === undefined ? {} : { isTTY: true, columns },
  );
  const stderr = {
    write: (text: string | Uint8Array) => {
      err += String(text);
      return true;
    },
  };
  const status = await writeAnswers(target.sql, query, options, { stdout, stderr });
  return { status, out, err };
}

describe('etl sql', () => {
  const query = "SELECT 1 AS a, 'x, \"y\"' AS b, NULL AS c UNION ALL SELECT 12345678901234567, '', 'ü\n2'";

  it('writes rows as a table, JSON, NDJSON or CSV', async () => {
    expect((await sql(query)).out).toBe(
      'a                  b       c\n─────────────────  ──────  ────\n1                  x, "y"  NULL\n12345678901234567          ü⏎2\n2 rows\n',
    );
    const rows = [
      { a: '1', b: 'x, "y"', c: null },
      { a: '12345678901234567', b: '', c: 'ü\n2' },
    ];
    expect(JSON.parse((await sql(query, { json: true })).out)).toEqual(rows);
    const lines = (await sql(query, { ndjson: true })).out.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(rows);
    expect((await sql(query, { csv: true })).out).toBe('a,b,c\n1,"x, ""y""",\n12345678901234567,"","ü\n2"\n');
  });

  it('cuts wide cells to what a line of the terminal has', async () => {
    const { out } = await sql("SELECT 1 AS id, repeat('wide ', 50) AS one, repeat('w', 200) AS two", {}, 60);
    expect(out.split('\n').every((line) => [...line].length <= 60)).toBe(true);
    expect(out).toContain('…');
  });

  it('gives each of several statements its answer, and what came before a failure', async () => {
    await target.sql`CREATE TABLE several (id bigint PRIMARY KEY)`;
    const { err, out, status } = await sql(
      'INSERT INTO several SELECT generate_series(1, 3); SELECT count(*) AS n FROM several; SELECT id FROM several WHERE id > 9',
    );
    expect({ status, err, out }).toEqual({
      status: 0,
      err: 'INSERT, 3 rows\n',
      out: 'n\n─\n3\n1 row\n\nid\n──\n0 rows\n',
    });
    expect(await sql('SELECT 1 AS a; SELECT nothing', { csv: true })).toEqual({
      status: 1,
      out: 'a\n1\n',
      err: 'column "nothing" does not exist (42703)\n',
    });
    expect(await target.sql`SELECT 1 AS still`).toEqual([{ still: '1' }]);
  });

  it('reads no further than its reader does, and ends when that is gone', async () => {
    let taken = 0;
    for await (const part of target.sql.stream("SELECT n, repeat('x', 1000) FROM generate_series(1, 100000) AS n")) {
      if (part.kind === 'rows') taken += part.rows.length;
      if (taken === 500) await delay(300);
      if (taken >= 2_000) break;
    }
    expect(taken).toBe(2_000);
    expect(await target.sql`SELECT 1 AS still`).toEqual([{ still: '1' }]);
  });
});
