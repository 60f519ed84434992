import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type TestServer } from '../support/http-server.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;
let server: TestServer;
let body = '[]';

beforeAll(async () => {
  space = await inProcess();
  server = await serve((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(body);
  });
});

afterAll(async () => {
  await server.close();
  await space.remove();
});

async function run(settings: string, table = 'sample') {
  space.write(
    'etl.yaml',
    `data_source: { base_url: '${server.url}' }\npipelines: { sample: { target_table: ${table}, ${settings} } }\n`,
  );
  const [result] = await space.run();
  return result;
}

describe('rows that are rejected while the source is read', () => {
  const api = 'source_type: api, endpoint: rows, incremental: { cursor_column: u }';

  it('are said in the result, each reason with a count and a first place', async () => {
    body =
      '[{"id":1,"u":1},{"id":2,"u":null},{"id":3},{"id":4,"u":"2024-01-01"},{"id":5,"u":5},{"id":6,"u":6},{"id":7,"u":7}]';
    expect(await run(api)).toMatchObject({
      status: 'success',
      rows_rejected: 3,
      warnings: [
        expect.stringMatching(
          /^2 rows were rejected: u has no value, and is the cursor column \(first: .*rows, row 2\)\.$/,
        ),
        expect.stringMatching(
          /^1 row was rejected: u is no number, and is the cursor column \(first: .*rows, row 4\)\.$/,
        ),
      ],
    });
  });

  it('are said where too many of them fail the run', async () => {
    body = '[{"id":1},{"id":2}]';
    expect(await run(api)).toMatchObject({
      status: 'failed',
      error_code: 'too_many_rejected',
      error_message: expect.stringContaining('2 rows were rejected: u has no value, and is the cursor column (first:'),
    });
  });

  it('are said of a file whose bytes do not fit', async () => {
    const rows = Array.from({ length: 9 }, (_, id) => `${id},Müller\n`).join('');
    const file = path.join(space.folder, 'rows.csv');
    writeFileSync(file, Buffer.concat([Buffer.from(`id,name\n${rows}9,`), Buffer.from([0xff, 0x0a])]));
    expect(await run(`source_type: file, file_path: rows.csv`, 'latin')).toMatchObject({
      status: 'success',
      rows_rejected: 1,
      warnings: [expect.stringMatching(/^1 row was rejected: .*\(first: rows\.csv, row 11\)\.$/)],
    });
    writeFileSync(
      file,
      Buffer.concat([Buffer.from(`id,name\n${rows}9,`, 'utf16le'), Buffer.from([0x00, 0xd8, 0x0a, 0])]),
    );
    expect(await run(`source_type: file, file_path: rows.csv, encoding: utf-16le`, 'wide')).toMatchObject({
      status: 'success',
      rows_rejected: 1,
      warnings: [expect.stringMatching(/^1 row was rejected: .*\(first: rows\.csv, row 11\)\.$/)],
    });
  });
});
