import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pipelineSchema } from '../../lib/config/pipeline.ts';
import { scatterJob } from '../../lib/scatter/job.ts';
import { keepJob, openKeptJob } from '../../lib/scatter/kept-job.ts';
import { piecesOf } from '../../lib/scatter/pieces.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import type { LookupInput, TransformRequest } from '../../lib/transform/request.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'kept-job-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sizes = { partBytes: 1_000, bucketBytes: 4_000 };
const settings = {
  ...pipelineSchema.parse({ source_type: 'file', file_path: 'a.csv', target_table: 'a' }),
  name: 'a',
};
const manifest = (bytes: number, location = 'raw/a.csv') => ({
  complete: true,
  parts: [{ location, local: false, source: 'a.csv', format: 'ndjson' as const, bytes }],
  rejected: [],
  extracted_at: '2026-01-01T00:00:00.000Z',
  source_fingerprint: 'f',
  bytes_read: bytes,
});

/** A lookup as it is read from a table, into a file of this machine. */
function lookup(content: string): LookupInput {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'lookup-1.ndjson');
  writeFileSync(file, content);
  const raw = manifest(statSync(file).size, file);
  return {
    number: 1,
    raw,
    parts: raw.parts.map((part) => ({ ...part, local: true, path: file })),
    types: { k: 'text' },
  };
}

const request = (more: Partial<TransformRequest> = {}): TransformRequest => ({
  raw: manifest(9_000),
  settings,
  store: folderStore(path.join(folder, 'store')),
  prefix: 'runs/r',
  scratchDir: folder,
  targetColumns: [{ name: 'id', type: 'uuid', nullable: false, hasDefault: false, isId: true }],
  chunkRows: 1_000,
  maskKeys: new Map([[1, 'first key']]),
  ...more,
});

describe('a job that is kept for other processes', () => {
  it('has the same name, columns and content of lookups, though those have changed meanwhile', async () => {
    const job = await scatterJob(request({ readLookups: async () => [lookup('{"k":"old"}\n')] }), sizes);
    const name = await keepJob(job);
    lookup('{"k":"new"}\n');
    const kept = await openKeptJob(request({ targetColumns: undefined }), name, true);
    expect(kept).toMatchObject({ prefix: job.prefix, sizes, request: { targetColumns: job.request.targetColumns } });
    const [{ parts: [part] = [] } = { parts: [] }] = kept?.lookups ?? [];
    expect(part).toMatchObject({ local: false, location: `${job.prefix}/lookups/1-00000.ndjson` });
    expect(await readFile(part?.path ?? '', 'utf8')).toBe('{"k":"old"}\n');
    expect((await openKeptJob(request(), name, false))?.lookups).toEqual([]);
  });

  it('of other content has another name, and leaves the one before as it was', async () => {
    const jobOf = async (content: string): Promise<string> =>
      await keepJob(await scatterJob(request({ readLookups: async () => [lookup(content)] }), sizes));
    const [one, other] = [await jobOf('{"k":"1"}\n'), await jobOf('{"k":"2"}\n')];
    expect(other).not.toBe(one);
    const [{ parts: [part] = [] } = { parts: [] }] = (await openKeptJob(request(), one, true))?.lookups ?? [];
    expect(await readFile(part?.path ?? '', 'utf8')).toBe('{"k":"1"}\n');
  });

  it('is refused where the key of a mask is another one, and is not there where nobody has kept it', async () => {
    const name = await keepJob(await scatterJob(request(), sizes));
    await expect(openKeptJob(request({ maskKeys: new Map([[1, 'second key']]) }), name, true)).rejects.toMatchObject({
      code: 'pieces_changed',
    });
    expect(await openKeptJob(request(), '0123456789abcdef', true)).toBeUndefined();
  });
});

describe('whether a source is cleaned in pieces', () => {
  const mb = 1024 * 1024;
  const decided = (bytes: number, more: object = {}, aboveMb?: number) =>
    piecesOf({ raw: manifest(bytes), settings: { ...settings, ...more } }, aboveMb);

  it('is told by its size: 32,768 MB on a laptop, what is given in AWS, and before both the pipeline', () => {
    expect([32_768 * mb, 32_768 * mb + 1].map((bytes) => decided(bytes) !== undefined)).toEqual([false, true]);
    expect([2_048 * mb, 2_048 * mb + 1].map((bytes) => decided(bytes, {}, 2_048) !== undefined)).toEqual([false, true]);
    const own = { pieces_above_mb: 4_096 };
    for (const aboveMb of [undefined, 2_048]) {
      expect(decided(4_096 * mb, own, aboveMb)).toBeUndefined();
      expect(decided(4_096 * mb + 1, own, aboveMb)).toBeDefined();
    }
  });

  it('comes with the sizes of its slices and buckets', () => {
    expect(decided(mb, {}, 0)).toEqual({ partBytes: 128 * mb, bucketBytes: 512 * mb });
    expect(decided(mb, { piece_mb: 2 }, 0)).toEqual({ partBytes: 2 * mb, bucketBytes: 8 * mb });
  });

  it('is never for a look at its first rows', () => {
    expect(piecesOf({ raw: manifest(mb), settings, firstRows: 10 }, 0)).toBeUndefined();
  });
});
