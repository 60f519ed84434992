import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { extract, fingerprintSource } from '../../lib/extract/extract.ts';
import { readRows, setup } from './extract-setup.ts';

describe('the article’s files', () => {
  it('are passed by reference when they are CSV in UTF-8', async () => {
    const { folder, request } = setup({ source_type: 'file', file_path: 'sales.csv' });
    await writeFile(path.join(folder, 'sales.csv'), 'id,name\n1,東京\n');
    const manifest = await extract(request);
    expect(manifest.parts).toEqual([
      expect.objectContaining({
        location: path.join(folder, 'sales.csv'),
        local: true,
        source: 'sales.csv',
        format: 'csv',
        bytes: 17,
      }),
    ]);
    const fingerprint = createHash('sha256').update('id,name\n1,東京\n').digest('hex');
    expect(manifest.source_fingerprint).toBe(fingerprint);
    expect((await fingerprintSource(request))?.fingerprint).toBe(fingerprint);
  });

  it('become one object a line when they are JSON', async () => {
    const { folder, request } = setup({ source_type: 'file', file_path: 'a.json' });
    await writeFile(path.join(folder, 'a.json'), '[{"id": 1,\r\n "x": [1,\n2]}, {"id":2}]\n');
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1, x: [1, 2] }, { id: 2 }]);
  });

  it.each([
    ['missing.csv', '', 'There is no file missing.csv'],
    ['sale.csv', 'sales.csv', 'Did you mean "sales.csv"?'],
    ['sales.xyz', 'sales.xyz', 'does not say how to read it'],
  ])('that cannot be read are explained: %s', async (configured, written, message) => {
    const { folder, request } = setup({ source_type: 'file', file_path: configured });
    if (written !== '') await writeFile(path.join(folder, written), 'x');
    await expect(extract(request)).rejects.toThrow(message);
  });

  it.each([
    ['', 'is empty'],
    ['{"a": 1,}', 'is not valid JSON: line 1, column 9: no name in quotes where one is expected'],
    ['[{"a": 1},\n{"a": tru}]', 'line 2, column 10'],
    ['{"rows": []}', 'has no rows at $.results (nor is it an array): it holds an object with rows'],
    ['[{"a": 1}', 'the end of the text in the middle of the document'],
  ])('of JSON are refused where they are wrong: %j', async (text, message) => {
    const { folder, request } = setup({ source_type: 'file', file_path: 'a.json' });
    await writeFile(path.join(folder, 'a.json'), text);
    await expect(extract(request)).rejects.toThrow(message);
  });
});
