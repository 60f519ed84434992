/**
 * An API of many pages on loopback, in a process of its own. Argument: JSON of `ApiServerJob`; prints its port. Every page
 * is the same bytes but for the digits of its ids, so that serving one costs little.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ApiServerJob {
  readonly pages: number;
  readonly pageRows: number;
  /** Bytes of a row, about. */
  readonly rowBytes: number;
}

const { pageRows, pages, rowBytes } = JSON.parse(process.argv[2] ?? '') as ApiServerJob;
const placeDigits = 8;
const firstId = 10 ** placeDigits;

function rowOf(place: number): string {
  const row = {
    id: firstId + place,
    name: `customer ${place}`,
    email: `user${place}@example.com`,
    status: place % 50 === 0 ? 'void' : 'paid',
    amount: (place * 1.37).toFixed(2),
    sold_at: new Date(1_735_689_600_000 + place * 60_000).toISOString(),
    note: '',
  };
  return JSON.stringify({ ...row, note: 'n'.repeat(Math.max(0, rowBytes - JSON.stringify(row).length)) });
}

const head = Buffer.from('{"data":[');
const rows = Buffer.from(Array.from({ length: pageRows }, (_, place) => rowOf(place)).join(','));
const marks = [...rows.toString('latin1').matchAll(/"id":(\d+)/g)].map((match) => match.index + '"id":'.length);

const server = createServer((request, response) => {
  const page = Number(new URL(request.url ?? '/', 'http://localhost').searchParams.get('page') ?? '1');
  const body = Buffer.from(rows);
  for (const [place, mark] of marks.entries()) body.write(String(firstId + (page - 1) * pageRows + place), mark);
  const tail = Buffer.from(`],"page":${page},"total_pages":${pages}}`);
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': head.length + body.length + tail.length,
  });
  response.write(head);
  response.write(body);
  response.end(tail);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
