import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cstrings } from '../../../lib/local/wire/message.ts';
import { type LocalServer, outcome, startLocalServer } from '../local-server.ts';
import { wireClient } from '../wire-client.ts';

const conflict = '40001 change conflicts with another transaction (OC000)';

let server: LocalServer;
let a: pg.Client;
let b: pg.Client;
let c: pg.Client;

beforeAll(async () => {
  server = await startLocalServer();
  [a, b, c] = await Promise.all([server.connect(), server.connect(), server.connect()]);
  await a.query('CREATE TABLE account (id int PRIMARY KEY, owner text, balance int)');
  await a.query(
    'CREATE TABLE entry (id int PRIMARY KEY, account_id int REFERENCES account(id) ON DELETE CASCADE, note text)',
  );
});

afterAll(async () => {
  await server.close();
});

beforeEach(async () => {
  for (const client of [a, b, c]) await client.query('ROLLBACK');
  await a.query('DELETE FROM entry');
  await a.query('DELETE FROM account');
  await a.query("INSERT INTO account SELECT g, 'owner ' || g, 100 FROM generate_series(1, 5) AS g");
  await a.query("INSERT INTO entry SELECT g, g, 'first' FROM generate_series(1, 5) AS g");
});

async function balance(id: number): Promise<number> {
  const { rows } = await c.query('SELECT balance FROM account WHERE id = $1', [id]);
  return rows[0].balance;
}

describe('two transactions that write the same row', () => {
  test('the one that commits first wins, though it wrote second', async () => {
    await a.query('BEGIN');
    await b.query('BEGIN');
    expect((await a.query('UPDATE account SET balance = 1 WHERE id = 1')).rowCount).toBe(1);
    expect((await b.query('UPDATE account SET balance = 2 WHERE id = 1')).rowCount).toBe(1);
    expect(await outcome(b.query('COMMIT'))).toBe('ok');
    expect(await outcome(a.query('COMMIT'))).toBe(conflict);
    expect(await balance(1)).toBe(2);
  });

  test('the one that wrote first wins when it commits first', async () => {
    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query('UPDATE account SET balance = 1 WHERE id = 1');
    const { rows } = await b.query('UPDATE account SET balance = balance + 5 WHERE id = 1 RETURNING balance');
    expect(rows).toEqual([{ balance: 105 }]);
    expect(await outcome(a.query('COMMIT'))).toBe('ok');
    expect(await outcome(b.query('COMMIT'))).toBe(conflict);
    expect(await balance(1)).toBe(1);
  });

  test('neither waits, and both read what they wrote', async () => {
    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query('UPDATE account SET balance = 1 WHERE id = 1');
    const started = performance.now();
    await b.query('UPDATE account SET balance = 2 WHERE id = 1');
    expect(performance.now() - started).toBeLessThan(400);
    await b.query('UPDATE account SET balance = balance + 1 WHERE id = 1');
    expect((await b.query('SELECT balance FROM account WHERE id = 1')).rows).toEqual([{ balance: 3 }]);
    expect((await b.query('SELECT balance FROM public.account WHERE id = 1')).rows).toEqual([{ balance: 3 }]);
    expect((await a.query('SELECT balance FROM account WHERE id = 1')).rows).toEqual([{ balance: 1 }]);
    await b.query('COMMIT');
    expect((await a.query('SELECT balance FROM account WHERE id = 1')).rows).toEqual([{ balance: 1 }]);
    expect(await outcome(a.query('COMMIT'))).toBe(conflict);
    expect(await balance(1)).toBe(3);
  });

  test('the second commits when the first rolls back', async () => {
    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query('UPDATE account SET balance = 1 WHERE id = 1');
    await b.query('UPDATE account SET balance = 2 WHERE id = 1');
    await a.query('ROLLBACK');
    expect(await outcome(b.query('COMMIT'))).toBe('ok');
    expect(await balance(1)).toBe(2);
  });

  test('a transaction whose snapshot is older than the other commit fails at COMMIT, not at the statement', async () => {
    await a.query('BEGIN');
    await a.query('SELECT * FROM account');
    await b.query('UPDATE account SET balance = 7 WHERE id = 1');
    expect((await a.query('UPDATE account SET balance = 1 WHERE id = 1')).rowCount).toBe(1);
    expect((await a.query('SELECT balance FROM account WHERE id = 1')).rows).toEqual([{ balance: 1 }]);
    expect(await outcome(a.query('COMMIT'))).toBe(conflict);
    expect(await balance(1)).toBe(7);
    expect(await outcome(a.query('SELECT 1'))).toBe('ok');
  });

  test('a statement outside transactions wins at once against an open one', async () => {
    await a.query('BEGIN');
    await a.query('UPDATE account SET balance = 1 WHERE id = 1');
    expect(await outcome(b.query('UPDATE account SET balance = 2 WHERE id = 1'))).toBe('ok');
    expect(await outcome(a.query('COMMIT'))).toBe(conflict);
    expect(await balance(1)).toBe(2);
  });

  test('three writers of one row: the first COMMIT wins and the others fail', async () => {
    for (const [index, client] of [a, b, c].entries()) {
      await client.query('BEGIN');
      await client.query('UPDATE account SET balance = $1 WHERE id = 1', [index]);
    }
    expect(await outcome(c.query('COMMIT'))).toBe('ok');
    expect(await outcome(b.query('COMMIT'))).toBe(conflict);
    expect(await outcome(a.query('COMMIT'))).toBe(conflict);
    expect(await balance(1)).toBe(2);
  });

  test('crossed writes end with one winner and no deadlock', async () => {
    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query('UPDATE account SET balance = 1 WHERE id = 1');
    await b.query('UPDATE account SET balance = 2 WHERE id = 2');
    await a.query('UPDATE account SET balance = 1 WHERE id = 2');
    await b.query('UPDATE account SET balance = 2 WHERE id = 1');
    const outcomes = await Promise.all([outcome(a.query('COMMIT')), outcome(b.query('COMMIT'))]);
    expect(outcomes.toSorted()).toEqual([conflict, 'ok']);
    expect(await balance(1)).toBe(await balance(2));
  });

  test('disjoint rows do not conflict', async () => {
    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query('UPDATE account SET balance = 1 WHERE id = 1');
    await b.query('UPDATE account SET balance = 2 WHERE id = 2');
    expect(await outcome(a.query('COMMIT'))).toBe('ok');
    expect(await outcome(b.query('COMMIT'))).toBe('ok');
  });
});

describe('keys', () => {
  test('two open transactions insert the same key without waiting; the second COMMIT fails', async () => {
    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query("INSERT INTO account VALUES (10, 'a', 1)");
    expect((await b.query("INSERT INTO account VALUES (10, 'b', 2)")).rowCount).toBe(1);
    expect(await outcome(b.query('COMMIT'))).toBe('ok');
    expect(await outcome(a.query('COMMIT'))).toBe(conflict);
    expect((await c.query('SELECT owner FROM account WHERE id = 10')).rows).toEqual([{ owner: 'b' }]);
  });

  test('a key that was committed after the snapshot is a conflict at COMMIT', async () => {
    await a.query('BEGIN');
    await a.query('SELECT 1 FROM account');
    await b.query("INSERT INTO account VALUES (10, 'b', 2)");
    expect((await a.query("INSERT INTO account VALUES (10, 'a', 1)")).rowCount).toBe(1);
    expect(await outcome(a.query('COMMIT'))).toBe(conflict);
  });

  test('a key that the snapshot holds is a duplicate', async () => {
    await a.query('BEGIN');
    await b.query('UPDATE account SET balance = 3 WHERE id = 5');
    const duplicate = '23505 duplicate key value violates unique constraint "account_pkey"';
    expect(await outcome(a.query("INSERT INTO account VALUES (1, 'a', 1)"))).toBe(duplicate);
    await a.query('ROLLBACK');
    expect(await outcome(a.query("INSERT INTO account VALUES (1, 'a', 1)"))).toBe(duplicate);
  });

  test('upserts of the same key conflict at COMMIT', async () => {
    const upsert =
      "INSERT INTO account VALUES (11, 'x', 1) ON CONFLICT (id) DO UPDATE SET balance = account.balance + 1";
    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query(upsert);
    await b.query(upsert);
    expect(await outcome(a.query('COMMIT'))).toBe('ok');
    expect(await outcome(b.query('COMMIT'))).toBe(conflict);
    expect(await balance(11)).toBe(1);
  });
});

describe('the snapshot of an explicit transaction', () => {
  test('is taken at BEGIN, before its first statement', async () => {
    await a.query('BEGIN');
    await b.query('UPDATE account SET balance = 7 WHERE id = 1');
    expect((await a.query('SELECT balance FROM account WHERE id = 1')).rows).toEqual([{ balance: 100 }]);
    await a.query('COMMIT');
    expect((await a.query('SELECT balance FROM account WHERE id = 1')).rows).toEqual([{ balance: 7 }]);
  });

  test('so a write on what was committed since BEGIN fails at COMMIT', async () => {
    await a.query('START TRANSACTION');
    await b.query('UPDATE account SET balance = 7 WHERE id = 1');
    expect((await a.query('UPDATE account SET balance = balance + 1 WHERE id = 1')).rowCount).toBe(1);
    expect(await outcome(a.query('COMMIT'))).toBe(conflict);
  });
});

describe('locking reads and foreign keys', () => {
  test('FOR UPDATE against a write: whoever commits second fails', async () => {
    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query('SELECT * FROM account WHERE id = 1 FOR UPDATE');
    await b.query('UPDATE account SET balance = 2 WHERE id = 1');
    expect(await outcome(a.query('COMMIT'))).toBe('ok');
    expect(await outcome(b.query('COMMIT'))).toBe(conflict);

    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query('SELECT * FROM account WHERE id = 1 FOR UPDATE');
    await b.query('UPDATE account SET balance = 2 WHERE id = 1');
    expect(await outcome(b.query('COMMIT'))).toBe('ok');
    expect(await outcome(a.query('COMMIT'))).toBe(conflict);
  });

  test('FOR UPDATE of a guard row keeps two readers from both acting on what they read', async () => {
    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query('SELECT * FROM account WHERE id = 1 FOR UPDATE');
    await b.query('SELECT * FROM account WHERE id = 1 FOR UPDATE');
    await a.query("INSERT INTO entry VALUES (20, 2, 'a')");
    await b.query("INSERT INTO entry VALUES (21, 2, 'b')");
    expect(await outcome(a.query('COMMIT'))).toBe('ok');
    expect(await outcome(b.query('COMMIT'))).toBe(conflict);
  });

  test('FOR KEY SHARE conflicts with deleting the row and not with changing it', async () => {
    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query('SELECT * FROM account WHERE id = 1 FOR KEY SHARE');
    await b.query('UPDATE account SET balance = 2 WHERE id = 1');
    expect(await outcome(a.query('COMMIT'))).toBe('ok');
    expect(await outcome(b.query('COMMIT'))).toBe('ok');

    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query('SELECT * FROM account WHERE id = 1 FOR KEY SHARE');
    await b.query('DELETE FROM account WHERE id = 1');
    expect(await outcome(b.query('COMMIT'))).toBe('ok');
    expect(await outcome(a.query('COMMIT'))).toBe(conflict);
  });

  test('deleting a row conflicts with a new reference to it', async () => {
    await a.query('BEGIN');
    await b.query('BEGIN');
    await a.query('DELETE FROM account WHERE id = 1');
    expect((await b.query("INSERT INTO entry VALUES (30, 1, 'b')")).rowCount).toBe(1);
    expect(await outcome(b.query('COMMIT'))).toBe('ok');
    expect(await outcome(a.query('COMMIT'))).toBe(conflict);
  });

  test('a reference made since BEGIN shows at COMMIT, when the row it refers to was deleted meanwhile or is deleted now', async () => {
    await a.query('CREATE TABLE IF NOT EXISTS holder (id int PRIMARY KEY)');
    await a.query('CREATE TABLE IF NOT EXISTS holding (id int PRIMARY KEY, holder_id int REFERENCES holder(id))');
    await a.query('DELETE FROM holding');
    await a.query('DELETE FROM holder');
    await a.query('INSERT INTO holder VALUES (1), (2)');

    await b.query('BEGIN');
    await a.query('INSERT INTO holding VALUES (1, 1)');
    expect(await outcome(b.query('DELETE FROM holder WHERE id = 1'))).toBe('ok');
    expect(await outcome(b.query('COMMIT'))).toBe(conflict);

    await b.query('BEGIN');
    await a.query('DELETE FROM holder WHERE id = 2');
    expect(await outcome(b.query('INSERT INTO holding VALUES (2, 2)'))).toBe('ok');
    expect(await outcome(b.query('COMMIT'))).toBe(conflict);

    await b.query('BEGIN');
    expect(await outcome(b.query('INSERT INTO holding VALUES (3, 99)'))).toMatch(/^23503 /);
    await b.query('ROLLBACK');
  });

  test('a cascade conflicts with a write to the row it deletes', async () => {
    await a.query('BEGIN');
    await b.query('BEGIN');
    await b.query("UPDATE entry SET note = 'touched' WHERE id = 1");
    await a.query('DELETE FROM account WHERE id = 1');
    const outcomes = [await outcome(b.query('COMMIT')), await outcome(a.query('COMMIT'))];
    expect(outcomes).toEqual(['ok', conflict]);
  });
});

describe('schema changes', () => {
  test('an open transaction that used the table gives way to DDL and is told OC001', async () => {
    await a.query('BEGIN');
    await a.query('UPDATE account SET balance = 1 WHERE id = 1');
    await b.query('ALTER TABLE account ADD COLUMN IF NOT EXISTS extra text');
    expect(await outcome(a.query('SELECT 1'))).toBe('40001 schema has been updated by another transaction (OC001)');
    await a.query('ROLLBACK');
    expect(await outcome(a.query('UPDATE account SET balance = 1 WHERE id = 1'))).toMatch(/^(ok|40001 schema)/);
    expect(await outcome(a.query('UPDATE account SET balance = 1 WHERE id = 1'))).toBe('ok');
  });

  test('a session that used the table is told once, after the change has finished', async () => {
    await a.query('SELECT * FROM account');
    await b.query('ALTER TABLE account DROP COLUMN IF EXISTS extra');
    await b.query('ALTER TABLE account ADD COLUMN extra text');
    expect(await outcome(a.query('SELECT * FROM account'))).toBe(
      '40001 schema has been updated by another transaction (OC001)',
    );
    expect(await outcome(a.query('SELECT * FROM account'))).toBe('ok');
    expect(await outcome(b.query('SELECT * FROM account'))).toBe('ok');
  });

  test('a statement is not kept waiting by DDL in an open transaction', async () => {
    await a.query('BEGIN');
    await a.query('ALTER TABLE account ADD COLUMN pending text');
    for (const sql of ['SELECT * FROM account', 'UPDATE account SET balance = 1 WHERE id = 1']) {
      const started = performance.now();
      expect(await outcome(b.query(sql))).toBe('40001 schema has been updated by another transaction (OC001)');
      expect(performance.now() - started).toBeLessThan(3_000);
    }
    await a.query('ROLLBACK');
    expect(await outcome(b.query('SELECT * FROM account'))).toBe('ok');
  });

  test('a session that only makes a table anew, which another session dropped, is not told', async () => {
    for (const client of [a, b, a]) {
      expect(await outcome(client.query('CREATE TABLE passing (id int PRIMARY KEY)'))).toBe('ok');
      expect(await outcome(client.query('INSERT INTO passing VALUES (1)'))).toBe('ok');
      expect(await outcome(client.query('DROP TABLE passing'))).toBe('ok');
    }
  });

  test('nor is one that uses the table which another session put in the place of a dropped one', async () => {
    await a.query('CREATE TABLE passing (id int PRIMARY KEY)');
    await b.query('SELECT * FROM passing');
    await a.query('DROP TABLE passing');
    await a.query('CREATE TABLE passing (id int PRIMARY KEY, v text)');
    expect(await outcome(b.query('DELETE FROM passing'))).toBe('ok');
    await a.query('ALTER TABLE passing ADD COLUMN w text');
    expect(await outcome(b.query('SELECT * FROM passing'))).toBe(
      '40001 schema has been updated by another transaction (OC001)',
    );
    await a.query('DROP TABLE passing');
  });

  test('DDL beside a running index job is OC001 when it cannot go on, and never OC000', async () => {
    for (let round = 0; round < 3; round += 1) {
      for (const client of [b, c]) await outcome(client.query('SELECT count(*) FROM account'));
      await c.query('BEGIN');
      await c.query('SELECT count(*) FROM account');
      await b.query(`CREATE INDEX ASYNC ON account (owner)`);
      await new Promise((resolve) => setTimeout(resolve, 250));
      const seen = await outcome(c.query('ALTER TABLE account ADD COLUMN beside text'));
      expect(seen).toMatch(/^(ok|40001 schema has been updated by another transaction \(OC001\))$/);
      await c.query('ROLLBACK');
      const { rows } = await b.query(
        "SELECT indexrelid::regclass AS name FROM pg_index WHERE indrelid = 'account'::regclass AND NOT indisprimary",
      );
      for (const { name } of rows) await b.query(`DROP INDEX IF EXISTS ${name}`);
    }
    for (const client of [a, b, c]) await outcome(client.query('SELECT count(*) FROM account'));
  });

  test('DDL that changes nothing tells nobody', async () => {
    await a.query('SELECT * FROM account');
    await b.query('CREATE TABLE IF NOT EXISTS account (id int)');
    expect(await outcome(a.query('SELECT * FROM account'))).toBe('ok');
  });
});

test('a pipeline of statements up to one Sync commits together or not at all', async () => {
  const client = await wireClient(server);
  const send = (sql: string) => {
    client.send('P', Buffer.concat([cstrings('', sql), Buffer.alloc(2)]));
    client.send('B', Buffer.alloc(8));
    client.send('E', Buffer.alloc(5));
  };
  send("INSERT INTO account VALUES (50, 'p', 1)");
  send("INSERT INTO account VALUES (51, 'p', 1)");
  client.send('S');
  expect(await client.untilReady()).toEqual(['INSERT 0 1', 'INSERT 0 1', 'ready I']);
  send("INSERT INTO account VALUES (52, 'p', 1)");
  send("INSERT INTO account VALUES (50, 'p', 1)");
  send("INSERT INTO account VALUES (53, 'p', 1)");
  client.send('S');
  expect(await client.untilReady()).toEqual([
    'INSERT 0 1',
    '23505 duplicate key value violates unique constraint "account_pkey"',
    'ready I',
  ]);
  const { rows } = await a.query('SELECT id FROM account WHERE id >= 50 ORDER BY id');
  expect(rows).toEqual([{ id: 50 }, { id: 51 }]);
  client.close();
});

test('a COPY takes the place of a transaction whose client has fallen silent, from its second try on', async () => {
  const [silent, working] = await Promise.all([wireClient(server), wireClient(server)]);
  const copy = async (client: typeof silent): Promise<string | undefined> => {
    await client.query('BEGIN');
    const [answer] = await client.copyIn('COPY account (id, owner, balance) FROM STDIN', '60\tp\t1\n');
    return answer;
  };
  expect(await copy(silent)).toBe('COPY 1');
  expect(await copy(working)).toBe(conflict);
  await working.query('ROLLBACK');
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  expect(await copy(working)).toBe(conflict);
  await working.query('ROLLBACK');
  expect(await copy(working)).toBe('COPY 1');
  expect(await working.query('COMMIT')).toContain('COMMIT');
  expect(await silent.query('COMMIT')).toContain(conflict);
  silent.close();
  working.close();
});
