import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

/**
 * Peak memory of extract for each kind of source, 100 MB against 1 GB: `npm run bench -- extract-memory [small] [large]`
 * with sizes in MB. Fails when the large one needs more than 1.3 times the memory of the small one.
 */

const execute = promisify(execFile);
const child = fileURLToPath(new URL(`./support/extract-child${path.extname(import.meta.url)}`, import.meta.url));
const allowedRatio = 1.3;
/** Processes measured of each size; the collector's timing moves a single peak by some 20 MiB. */
const tries = 3;

interface Measured {
  readonly peakMiB: number;
  readonly seconds: number;
  readonly bytes: number;
}

interface SourceKind {
  readonly name: string;
  readonly file: string;
  readonly settings: object;
  /** What the file begins with, is made of, and ends with. `block` says how many bytes it unpacks to. */
  readonly head: string;
  readonly block: { readonly bytes: Buffer; readonly unpacked: number };
  readonly tail: string;
}

const people = Array.from({ length: 10_000 }, (_, id) => ({
  id: 1_000_000 + id,
  name: `東京 太郎 ${id}`,
  email: `user${id}@example.com`,
  amount: (id * 1.37).toFixed(2),
  at: new Date(1_700_000_000_000 + id * 1_000).toISOString(),
}));
const csvBlock = Buffer.from(`${people.map((row) => Object.values(row).join(',')).join('\n')}\n`);
const jsonBlock = Buffer.from(people.map((row) => `${JSON.stringify(row)}`).join(',\n'));
const sjisBlock = Buffer.from(csvBlock.toString().replaceAll('東京 太郎', 'XX'), 'latin1');
const sjisName = Buffer.from([0x93, 0x8c, 0x8b, 0x9e]);

const plain = (bytes: Buffer) => ({ bytes, unpacked: bytes.length });
const kinds: readonly SourceKind[] = [
  { name: 'CSV', file: 'a.csv', settings: {}, head: 'id,name,email,amount,at\n', block: plain(csvBlock), tail: '' },
  {
    name: 'NDJSON',
    file: 'a.ndjson',
    settings: {},
    head: '',
    block: plain(Buffer.from(`${people.map((row) => JSON.stringify(row)).join('\n')}\n`)),
    tail: '',
  },
  {
    name: 'CSV, gzip',
    file: 'a.csv.gz',
    settings: {},
    head: '',
    block: { bytes: gzipSync(csvBlock), unpacked: csvBlock.length },
    tail: '',
  },
  {
    name: 'CSV, Shift_JIS',
    file: 'b.csv',
    settings: { encoding: 'shift_jis' },
    head: 'id,name,email,amount,at\n',
    block: plain(
      Buffer.concat(
        sjisBlock
          .toString('latin1')
          .split('XX')
          .flatMap((piece) => [sjisName, Buffer.from(piece, 'latin1')])
          .slice(1),
      ),
    ),
    tail: '',
  },
  {
    name: 'JSON array',
    file: 'a.json',
    settings: {},
    head: '[',
    block: plain(Buffer.concat([jsonBlock, Buffer.from(',\n')])),
    tail: '{"id":0}]',
  },
];

async function write(folder: string, kind: SourceKind, megabytes: number): Promise<void> {
  const stream = createWriteStream(path.join(folder, kind.file), { highWaterMark: 8 * 1024 * 1024 });
  stream.write(kind.head);
  for (let bytes = 0; bytes < megabytes * 1_000_000; bytes += kind.block.unpacked) {
    if (!stream.write(kind.block.bytes)) await once(stream, 'drain');
  }
  stream.end(kind.tail);
  await once(stream, 'close');
}

async function measure(folder: string, source: object, dataSource: object = {}): Promise<Measured> {
  const args = [child, folder, JSON.stringify(source), JSON.stringify(dataSource)];
  const { stdout } = await execute(process.execPath, args, { maxBuffer: 1 << 20 });
  return JSON.parse(stdout) as Measured;
}

async function measureFile(kind: SourceKind, megabytes: number): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), 'extract-memory-'));
  try {
    await write(folder, kind, megabytes);
    return await measure(folder, { source_type: 'file', file_path: kind.file, ...kind.settings });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An API that answers with everything on one page, as the worst ones do. */
async function measureApi(megabytes: number): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), 'extract-memory-'));
  const server = createServer(async (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"results":[');
    for (let bytes = 0; bytes < megabytes * 1_000_000; bytes += jsonBlock.length + 1) {
      if (bytes > 0) response.write(',');
      if (!response.write(jsonBlock)) await once(response, 'drain');
    }
    response.end(']}');
  });
  try {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return await measure(folder, { source_type: 'api', endpoint: 'rows' }, { base_url: `http://127.0.0.1:${port}` });
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function median(measureOnce: () => Promise<Measured>): Promise<Measured> {
  const all: Measured[] = [];
  for (let run = 0; run < tries; run += 1) all.push(await measureOnce());
  return all.sort((a, b) => a.peakMiB - b.peakMiB)[tries >> 1] as Measured;
}

export async function run(args: readonly string[]): Promise<void> {
  const [small = 100, large = 1_000] = args.map(Number);
  const cases = [
    ...kinds.map((kind) => ({ name: kind.name, of: (megabytes: number) => measureFile(kind, megabytes) })),
    { name: 'API, one page', of: measureApi },
  ];
  process.stdout.write(
    `source           ${small} MB: peak, MB/s    ${large} MB: peak, MB/s    ratio (at most ${allowedRatio})\n`,
  );
  for (const { name, of } of cases) {
    const [little, much] = [await median(() => of(small)), await median(() => of(large))];
    const ratio = much.peakMiB / little.peakMiB;
    if (ratio > allowedRatio) process.exitCode = 1;
    const shown = ({ peakMiB, seconds }: Measured, megabytes: number): string =>
      `${peakMiB.toFixed(0).padStart(6)} MiB ${(megabytes / seconds).toFixed(0).padStart(6)}`;
    process.stdout.write(
      `${name.padEnd(16)} ${shown(little, small)}      ${shown(much, large)}      ${ratio.toFixed(2)}${ratio > allowedRatio ? '  TOO MUCH' : ''}\n`,
    );
  }
}
