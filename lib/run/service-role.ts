import type { Sql } from '../dsql/connect.ts';
import { quoteIdentifier } from '../dsql/identifier.ts';
import { runStatement, type Target } from '../dsql/target.ts';
import { ensureServiceTables, serviceTables } from '../state/service-tables.ts';
import { grantTable, type RunOne } from './grant-table.ts';

export interface ServiceRole {
  /** The database role that loads. */
  readonly role: string;
  /** IAM roles that may connect as it. */
  readonly roleArns: readonly string[];
}

/**
 * Makes the service's tables, a database role that may read and write them and nothing else, and lets IAM roles connect
 * as it. Needs admin. Safe to repeat: what is there stays as it is, so a repeat makes no DDL and nobody meets OC001.
 * Killed midway: the rest comes with the repeat.
 */
export async function bootstrapRole(target: Target, service: ServiceRole): Promise<void> {
  const run: RunOne = (what, statement) => runStatement(what, target, statement);
  await ensureServiceTables(target);
  const { sql } = target;
  const role = quoteIdentifier(service.role);
  const present = await run(
    'Reading the roles',
    async () => await sql`SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = ${service.role}`,
  );
  if (present.length === 0)
    await run(`CREATE ROLE ${role}`, async () => await sql.unsafe(`CREATE ROLE ${role} WITH LOGIN`));
  for (const { name: table } of serviceTables) await grantTable(sql, { schema: 'public', table }, service.role, run);
  const mapped = await mappedArns(sql, service.role, run);
  for (const arn of service.roleArns.filter((one) => !mapped.includes(one))) {
    await run(`AWS IAM GRANT ${role}`, async () => await sql.unsafe(`AWS IAM GRANT ${role} TO ${quoteArn(arn)}`));
  }
}

/** Ends the access of IAM roles; the database role, the tables and their rows stay. Needs admin. Safe to repeat. */
export async function revokeRole(target: Target, service: ServiceRole): Promise<void> {
  const run: RunOne = (what, statement) => runStatement(what, target, statement);
  const { sql } = target;
  if (service.roleArns.length === 0) return;
  const role = quoteIdentifier(service.role);
  const mapped = await mappedArns(sql, service.role, run);
  for (const arn of service.roleArns.filter((one) => mapped.includes(one))) {
    await run(`AWS IAM REVOKE ${role}`, async () => await sql.unsafe(`AWS IAM REVOKE ${role} FROM ${quoteArn(arn)}`));
  }
}

async function mappedArns(sql: Sql, role: string, run: RunOne): Promise<readonly string[]> {
  const rows = await run(
    'Reading the IAM mappings',
    async () =>
      await sql<{ readonly arn: string }[]>`SELECT arn FROM sys.iam_pg_role_mappings WHERE pg_role_name = ${role}`,
  );
  return rows.map((row) => row.arn);
}

function quoteArn(arn: string): string {
  return `'${arn.replaceAll("'", "''")}'`;
}
