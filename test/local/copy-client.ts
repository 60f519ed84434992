import postgres from 'postgres';
import { localDsqlToken } from '../../lib/local/local-dsql.ts';
import type { LocalServer } from './local-server.ts';

/** Sends rows by COPY FROM STDIN with the `postgres` driver; `ok` or `SQLSTATE message`. */
export async function copyIn(server: LocalServer, statement: string, rows: string): Promise<string> {
  const { hostname, port, ca } = server.hold.endpoint;
  const sql = postgres({
    host: hostname,
    port,
    user: 'admin',
    database: 'postgres',
    ssl: { ca },
    max: 1,
    onnotice: () => {},
    password: () => localDsqlToken(server.stateDir),
  });
  try {
    const query = sql.unsafe(statement);
    if (!/STDIN/.test(statement)) {
      await query;
      return 'ok';
    }
    const stream = await query.writable();
    await new Promise<void>((resolve, reject) => {
      stream.once('error', reject);
      stream.once('finish', () => resolve());
      stream.end(rows);
    });
    return 'ok';
  } catch (error) {
    return error instanceof postgres.PostgresError ? `${error.code} ${error.message}` : String(error);
  } finally {
    await sql.end({ timeout: 1 });
  }
}
