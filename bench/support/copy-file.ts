/** Sends a CSV file to PostgreSQL by one COPY. Arguments: JSON of `{file, table, host}`. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';

const job = JSON.parse(process.argv[2] ?? '') as {
  readonly file: string;
  readonly table: string;
  readonly host: string;
};
const sql = postgres({
  host: job.host,
  port: 5432,
  user: 'postgres',
  database: 'postgres',
  max: 1,
  fetch_types: false,
});
const columns = 'uuid_id, id, name, email, status, amount, quantity, sold_at, code, note, region, extracted_at';
const stream = await sql.unsafe(`COPY ${job.table} (${columns}) FROM STDIN (FORMAT csv)`).writable();
await pipeline(createReadStream(job.file, { highWaterMark: 1 << 20 }), stream);
await sql.end({ timeout: 5 });
