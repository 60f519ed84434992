import { mkdir, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { extract, fingerprintSource } from '../../lib/extract/extract.ts';
import { readLines, readRows, type Setup, setup } from './extract-setup.ts';

async function files(
  contents: Readonly<Record<string, string | Buffer>>,
  source: Readonly<Record<string, unknown>>,
): Promise<Setup> {
  const made = setup({ source_type: 'file', ...source });
  for (const [name, content] of Object.entries(contents)) {
    await mkdir(path.dirname(path.join(made.folder, name)), { recursive: true });
    await writeFile(path.join(made.folder, name), content);
  }
  return made;
}

describe('files of a source', () => {
  it('are unpacked when they are gzipped, also in several members', async () => {
    const { request } = await files(
      { 'a.csv.gz': Buffer.concat([gzipSync('id\n1\n'), gzipSync('2\n')]) },
      { file_path: 'a.csv.gz' },
    );
    const manifest = await extract(request);
    expect(await readLines(request, manifest)).toEqual(['id', '1', '2']);
    expect(manifest.parts[0]).toMatchObject({ local: false, format: 'csv', source: 'a.csv.gz' });
  });

  it('that are cut off in the middle of their gzip are refused', async () => {
    const packed = gzipSync(Buffer.from(`id\n${'1\n'.repeat(10_000)}`));
    const { request } = await files({ 'a.csv.gz': packed.subarray(0, packed.length - 9) }, { file_path: 'a.csv.gz' });
    await expect(extract(request)).rejects.toMatchObject({
      code: 'file_damaged',
      message: expect.stringContaining('gzip'),
    });
  });

  it('that are not packed at all though their name says so are refused', async () => {
    for (const name of ['a.csv.gz', 'a.csv.zst']) {
      const { request } = await files({ [name]: 'id\n1\n' }, { file_path: name });
      await expect(extract(request)).rejects.toMatchObject({ code: 'file_damaged' });
    }
  });

  it('that unpack to more than max_bytes are stopped', async () => {
    const { request } = await files(
      { 'a.csv.gz': gzipSync(Buffer.alloc(20_000_000, 'a\n')) },
      { file_path: 'a.csv.gz', max_bytes: 1_000_000 },
    );
    await expect(extract(request)).rejects.toMatchObject({ code: 'too_many_bytes' });
  });

  it('may be a glob, in the order of their names, and empty ones among them are passed over', async () => {
    const { request } = await files(
      { 'in/b.ndjson': '{"id":2}\n', 'in/a.ndjson': '{"id":1}\n', 'in/c.ndjson': '', 'in/d.txt': 'x' },
      { file_path: 'in/*.ndjson' },
    );
    const manifest = await extract(request);
    expect(await readRows(request, manifest)).toEqual([{ id: 1 }, { id: 2 }]);
    expect(manifest.parts.map(({ source }) => source)).toEqual(['in/a.ndjson', 'in/b.ndjson']);
    expect(manifest.warnings).toEqual([expect.stringContaining('in/c.ndjson is empty')]);
  });

  it('may be a folder, a list, or have brackets in their names', async () => {
    const contents = { 'in/b[1].csv': 'id\n1\n', 'in/a (2).csv': 'id\n2\n' };
    for (const filePath of ['in', 'in/', ['in/a (2).csv', 'in/b[1].csv']]) {
      const { request } = await files(contents, { file_path: filePath });
      const manifest = await extract(request);
      expect(manifest.parts.map(({ source }) => source)).toEqual(['in/a (2).csv', 'in/b[1].csv']);
    }
  });

  it('are read once where two paths of a list mean them', async () => {
    const { request } = await files(
      { 'a.csv': 'id\n1\n', 'b.csv': 'id\n2\n' },
      { file_path: ['b.csv', '*.csv', './a.csv'] },
    );
    expect((await extract(request)).parts.map(({ source }) => source)).toEqual(['b.csv', 'a.csv']);
  });

  it('must be of one format', async () => {
    const { request } = await files({ 'in/a.csv': 'id\n', 'in/b.json': '[]' }, { file_path: 'in/*' });
    await expect(extract(request)).rejects.toMatchObject({ code: 'mixed_formats' });
  });

  it('with nothing but blank space are empty', async () => {
    for (const content of ['\n\n  \n', '\ufeff\n', gzipSync('\n')]) {
      const name = typeof content === 'string' ? 'a.csv' : 'a.csv.gz';
      const { request } = await files({ [name]: content }, { file_path: name });
      await expect(extract(request)).rejects.toMatchObject({ code: 'empty_file' });
    }
  });

  it('of one object a line may have no line', async () => {
    for (const [name, content] of [
      ['a.ndjson', ''],
      ['a.ndjson', '\ufeff\n'],
      ['a.ndjson.gz', gzipSync('')],
    ] as const) {
      const { request } = await files({ [name]: content }, { file_path: name });
      expect(await extract(request)).toMatchObject({ complete: true });
    }
  });

  it('that call themselves Parquet have to be', async () => {
    const { request } = await files({ 'a.parquet': 'PAR1 but not to the end' }, { file_path: 'a.parquet' });
    await expect(extract(request)).rejects.toMatchObject({ code: 'invalid_parquet' });
  });

  it('say by their dialect how they are to be read', async () => {
    const { request } = await files(
      { 'a.tsv': 'x\t1,5\n' },
      {
        file_path: 'a.tsv',
        csv: { header: false, names: ['a', 'b'], decimal_separator: ',', null_strings: ['NULL'], skip_lines: 1 },
      },
    );
    expect((await extract(request)).parts[0]?.csv).toEqual({
      delimiter: '\t',
      quote: '"',
      escape: '"',
      header: false,
      names: ['a', 'b'],
      skip_lines: 1,
      null_strings: ['NULL'],
      decimal_separator: ',',
    });
  });

  it('of JSON may have their rows at a path, with filters too', async () => {
    const text = '{"a":{"items":[{"id":1.0,"ok":true},{"id":2,"ok":false},{"id":12345678901234567890,"ok":true}]}}';
    for (const [recordsPath, ids] of [
      ['a.items', ['1.0', '2', '12345678901234567890']],
      ['$.a.items[*]', ['1.0', '2', '12345678901234567890']],
      ['$.a.items[1]', ['2']],
      ['$.a.items[?@.ok == true]', ['1.0', '12345678901234567890']],
      ['$..items[1:]', ['2', '12345678901234567890']],
    ] as const) {
      const { request } = await files({ 'a.json': text }, { file_path: 'a.json', records_path: recordsPath });
      const lines = await readLines(request, await extract(request));
      expect(lines.map((line) => /"id":([^,]+)/.exec(line)?.[1])).toEqual(ids);
    }
  });
});

describe('a file that changes', () => {
  it('between fingerprint and reading is an error', async () => {
    const { folder, request } = await files({ 'a.csv': 'id\n1\n' }, { file_path: 'a.csv' });
    const fingerprint = await fingerprintSource(request);
    if (fingerprint === undefined) throw new Error('a file has a fingerprint');
    await writeFile(path.join(folder, 'a.csv'), 'id\n2\n');
    await utimes(path.join(folder, 'a.csv'), 1, 1);
    await expect(extract({ ...request, fingerprint })).rejects.toMatchObject({ code: 'file_changed' });
  });

  it('after it was extracted by reference is an error when the run goes on', async () => {
    const { folder, request } = await files({ 'a.csv': 'id\n1\n' }, { file_path: 'a.csv' });
    const manifest = await extract(request);
    expect(await extract(request)).toEqual(manifest);
    const file = path.join(folder, 'a.csv');
    expect(manifest.parts[0]?.modified_ms).toBe((await stat(file)).mtimeMs);
    await writeFile(file, 'id\n1\n2\n');
    await expect(extract(request)).rejects.toMatchObject({ code: 'file_changed' });
  });
});

describe('files of several calls', () => {
  it('go on with the next file after a deadline', async () => {
    const names = ['a', 'b', 'c'];
    const { clock, request } = await files(
      Object.fromEntries(names.map((name) => [`${name}.ndjson.gz`, gzipSync(`{"id":"${name}"}\n`)])),
      { file_path: '*.gz' },
    );
    const deadline = new Date(clock.now().getTime() + 1_000);
    // Each file costs most of the time a call has.
    const onProgress = (): void => clock.pass(600);
    let manifest = await extract({ ...request, deadline, onProgress });
    expect(manifest).toMatchObject({ complete: false });
    for (let calls = 0; !manifest.complete && calls < 5; calls += 1) {
      manifest = await extract({ ...request, deadline: new Date(clock.now().getTime() + 1_000), onProgress });
    }
    expect(await readRows(request, manifest)).toEqual(names.map((id) => ({ id })));
  });

  it('fail clearly when not even one file fits into a call', async () => {
    const { clock, request } = await files({ 'a.csv.gz': gzipSync('id\n1\n') }, { file_path: 'a.csv.gz' });
    await expect(extract({ ...request, deadline: clock.now() })).rejects.toMatchObject({ code: 'file_too_slow' });
  });
});
