import type { Transaction } from '../dsql/connect.ts';
import { runStatement, type Target } from '../dsql/target.ts';

/**
 * Reads everything of one page in one transaction that the database lets only read, so that its numbers are of one moment.
 *
 * @throws {StatementRefusedError} when the database refuses a statement, or is not there
 */
export async function reading<T>(target: Target, work: (sql: Transaction) => Promise<T>): Promise<T> {
  return await runStatement('Reading for the page', target, async () => {
    const [found] = await target.sql.begin(async (sql): Promise<readonly [T]> => [await work(sql)], { readOnly: true });
    return found;
  });
}
