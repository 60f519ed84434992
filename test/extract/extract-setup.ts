import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import { type DataSource, dataSourceSchema } from '../../lib/config/data-source.ts';
import { type PipelineSettings, pipelineSchema } from '../../lib/config/pipeline.ts';
import { withSourceObjects } from '../../lib/extract/file/source-objects.ts';
import type { ExtractRequest } from '../../lib/extract/request.ts';
import type { RawManifest } from '../../lib/manifest.ts';
import { folderStore } from '../../lib/store/folder-store.ts';

/** A folder that is gone after the test. */
export function scratchFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'extract-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A clock whose sleeps pass at once and are kept. */
export class VirtualClock implements Clock {
  readonly slept: number[] = [];
  #now: number;

  constructor(start = '2026-11-01T00:00:00.000Z') {
    this.#now = Date.parse(start);
  }

  readonly now = (): Date => new Date(this.#now);
  readonly sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    this.slept.push(ms);
    this.#now += ms;
  };

  pass(ms: number): void {
    this.#now += ms;
  }
}

export interface SeenRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export type Respond = (request: SeenRequest, response: ServerResponse, count: number) => void | Promise<void>;

export interface TestApi {
  readonly url: string;
  readonly port: number;
  readonly seen: SeenRequest[];
}

/** A real HTTP server on 127.0.0.1, gone after the test. */
export async function startApi(respond: Respond): Promise<TestApi> {
  const seen: SeenRequest[] = [];
  const server = http.createServer(async (message: IncomingMessage, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
    const { port } = server.address() as AddressInfo;
    const request = {
      method: message.method ?? '',
      url: new URL(message.url ?? '/', `http://127.0.0.1:${port}`),
      headers: message.headers,
      body: Buffer.concat(pieces).toString(),
    };
    seen.push(request);
    await respond(request, response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, seen };
}

export function sendJson(
  response: ServerResponse,
  value: unknown,
  headers: http.OutgoingHttpHeaders = {},
  status = 200,
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof value === 'string' ? value : JSON.stringify(value));
}

type Loose = Readonly<Record<string, unknown>>;

/** The settings of a pipeline as the configuration reads them. */
export function settingsOf(source: Loose): PipelineSettings {
  return pipelineSchema.parse({ target_table: 't', ...source });
}

export interface Setup {
  readonly clock: VirtualClock;
  readonly folder: string;
  readonly request: ExtractRequest;
}

/** A request for an extraction into a folder of its own. */
export function setup(source: Loose, dataSource: Loose = {}, more: Partial<ExtractRequest> = {}): Setup {
  const folder = scratchFolder();
  const clock = new VirtualClock();
  const request: ExtractRequest = {
    pipeline: { name: 'p', settings: settingsOf(source), dataSource: dataSourceSchema.parse(dataSource) as DataSource },
    baseDir: folder,
    store: folderStore(path.join(folder, '.etl')),
    prefix: 'runs/r1',
    resolveSecret: async (reference) =>
      'env' in reference ? `value-of-${reference.env}` : `value-of-${reference.secret}`,
    clock,
    random: () => 0,
    ...more,
  };
  return { clock, folder, request };
}

/** The lines of all parts, in order. */
export async function readLines(request: ExtractRequest, manifest: RawManifest): Promise<readonly string[]> {
  const lines: string[] = [];
  const store = withSourceObjects(request.store, manifest.parts, { ...request, folder: scratchFolder() });
  for (const part of manifest.parts) {
    const file = part.local ? part.location : await store.localPath(part.location);
    lines.push(...(await readFile(file, 'utf8')).split('\n').filter((line) => line !== ''));
  }
  return lines;
}

/** The rows of all parts, in order. */
export async function readRows(request: ExtractRequest, manifest: RawManifest): Promise<readonly Loose[]> {
  return (await readLines(request, manifest)).map((line) => JSON.parse(line) as Loose);
}

export async function readRejected(request: ExtractRequest, manifest: RawManifest): Promise<readonly Loose[]> {
  const rows: Loose[] = [];
  for (const part of manifest.rejected) {
    const text = await readFile(await request.store.localPath(part.location), 'utf8');
    rows.push(
      ...text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Loose),
    );
  }
  return rows;
}
