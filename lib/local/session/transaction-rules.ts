import type { Cluster } from '../cluster.ts';
import type { Transaction } from '../concurrency/transaction.ts';
import type { Statement } from '../sql/statement.ts';
import * as errors from '../wire/dsql-errors.ts';
import type { DsqlError } from '../wire/error-response.ts';

/** Refuses what no transaction allows, and everything but its end in a failed one. */
export function refuseText(statement: Statement, transaction: Transaction | undefined): DsqlError | undefined {
  const isAllowed = endsTransaction(statement) && statement.refusal === undefined;
  return transaction?.failed === true && !isAllowed ? errors.abortedTransaction : statement.refusal;
}

/** Refuses what the transaction, as it stands now, does not allow; undefined is none. */
export function refuseNow(statement: Statement, transaction: Transaction | undefined): DsqlError | undefined {
  const refusal = refuseText(statement, transaction);
  if (refusal !== undefined) return refusal;
  if (transaction === undefined || endsTransaction(statement)) return undefined;
  if (transaction.evicted) return transaction.refusal;
  if (statement.kind === 'ddl') {
    if (transaction.ddl > 0) return errors.manyDdl;
    if (transaction.wrote) return errors.ddlWithDml;
  }
  return statement.kind === 'write' && transaction.ddl > 0 ? errors.ddlWithDml : undefined;
}

/** Refuses the COMMIT of a transaction that was evicted, grew too old or too large, or has lost already. */
export async function refuseCommit(transaction: Transaction, cluster: Cluster): Promise<DsqlError | undefined> {
  if (transaction.evicted) return transaction.refusal;
  const { limits } = cluster;
  const age = (cluster.now() - transaction.startedAt) / 1000;
  if (age > limits.transactionSeconds) return errors.transactionTooOld(age, limits.transactionSeconds);
  const bytes = await cluster.tables.accountedBytes(transaction.written);
  if (bytes > limits.transactionBytes) return errors.transactionTooLarge(bytes, limits.transactionBytes);
  return transaction.refusal;
}

function endsTransaction(statement: Statement): boolean {
  return statement.kind === 'commit' || statement.kind === 'rollback';
}
