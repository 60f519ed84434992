import type { Writable } from 'node:stream';
import type { Transaction } from '../dsql/connect.ts';
import { quoteIdentifier, quoteTable } from '../dsql/identifier.ts';
import type { Column } from '../manifest.ts';
import type { TargetTable } from './target-table.ts';

/** The statement that takes the lines of a batch. */
export function copyStatement(table: TargetTable, columns: readonly Column[]): string {
  return `COPY ${quoteTable(table.name)} (${columns.map((column) => quoteIdentifier(column.name)).join(', ')}) FROM STDIN`;
}

/**
 * Hands the lines to COPY in a transaction, and does not wait for the database's verdict: the next statement of the
 * transaction travels behind them and fails when COPY has failed (25P02). The driver drops the verdict itself, and with it
 * what the database said; whoever needs its words has to write the rows by another statement.
 *
 * @throws the driver's error where COPY was refused before it began, or the connection was lost
 */
export async function copyLines(transaction: Transaction, statement: string, lines: Uint8Array): Promise<void> {
  const stream: Writable = await transaction.unsafe(statement).writable();
  await new Promise<void>((resolve, reject) => {
    stream.on('error', reject);
    stream.write(lines, (error) => (error == null ? resolve() : reject(error)));
  });
  stream.end();
}
