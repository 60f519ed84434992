import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, type Sql } from '../../lib/dsql/connect.ts';
import { grantTable } from '../../lib/run/grant-table.ts';
import { bootstrapRole } from '../../lib/run/service-role.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;
const opened: Sql[] = [];

/** A connection as a role of one pipeline, which may load that pipeline's table. */
async function roleOf(pipeline: string): Promise<Sql> {
  const role = `dsql_etl_${pipeline}`;
  await bootstrapRole(target, { role, roleArns: [`arn:aws:iam::111122223333:role/${pipeline}`] });
  await target.sql.unsafe(`CREATE TABLE ${pipeline} (id int PRIMARY KEY)`);
  await grantTable(target.sql, { schema: 'public', table: pipeline }, role, async (_what, statement) => statement());
  const { ca, hostname, port, region } = target.hold.endpoint;
  const sql = connect(
    { hostname, port, region, user: role, ca, database: 'postgres' },
    { maxConnections: 1, credentials: target.hold.credentials },
  );
  opened.push(sql);
  return sql;
}

beforeAll(async () => {
  target = await localTarget();
});
afterAll(async () => {
  for (const sql of opened) await sql.end({ timeout: 1 });
  await target.remove();
});

it("a pipeline's role loads its own table and the service's, and neither reads nor writes another pipeline's", async () => {
  const users = await roleOf('users');
  const sales = await roleOf('sales');
  await users`INSERT INTO users VALUES (1)`;
  await sales`INSERT INTO sales VALUES (1)`;
  expect(await users`SELECT count(*) AS n FROM etl_execution_log`).toEqual([{ n: '0' }]);
  for (const statement of [
    'SELECT * FROM sales',
    'INSERT INTO sales VALUES (2)',
    'UPDATE sales SET id = 3',
    'DELETE FROM sales',
    'DROP TABLE sales',
    'CREATE TABLE mine (id int)',
    'GRANT SELECT ON sales TO dsql_etl_users',
  ]) {
    await expect(users.unsafe(statement)).rejects.toMatchObject({ code: '42501' });
  }
  expect(await sales`SELECT id FROM sales`).toEqual([{ id: '1' }]);
});
