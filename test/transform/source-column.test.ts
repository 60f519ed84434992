import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import type { RawPart } from '../../lib/manifest.ts';
import { readParts } from '../../lib/transform/read/read-parts.ts';
import { openUnreadableRows } from '../../lib/transform/read/unreadable-rows.ts';
import { commas } from './support/stage.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'source-column-'));
  await mkdir(path.join(folder, 'scratch'));
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

it.each([
  ['csv', 'id\n1\n2\n', 'id\n', 'id\n3\n'],
  ['ndjson', '{"id":1}\n{"id":2}\n', '', '{"id":3}\n'],
] as const)('rows of %s files can have the name of their file as a column', async (format, ...contents) => {
  const names = ["in/it's.x", 'in/empty.x', 'in/東京.x'];
  const parts: (RawPart & { path: string })[] = [];
  for (const [index, content] of contents.entries()) {
    const file = path.join(folder, `${index}.${format}`);
    await writeFile(file, content);
    parts.push({
      path: file,
      location: file,
      local: true,
      source: names[index] ?? '',
      source_column: 'file',
      format,
      bytes: content.length,
      ...(format === 'csv' ? { csv: commas } : {}),
    });
  }
  const scratch = path.join(folder, 'scratch');
  const session = await openDuckDb({
    allowedDirs: [scratch],
    allowedFiles: parts.map((part) => part.path),
    tempDir: scratch,
    memoryLimitMb: 256,
    threads: 1,
  });
  const unreadable = await openUnreadableRows(path.join(scratch, 'rejected.ndjson'));
  try {
    const raw = await readParts(parts, { session, scratchDir: scratch, unreadable });
    expect(raw.columns.map(({ sourceName }) => sourceName)).toEqual(['id', 'file']);
    const rows = await session.rows(`SELECT c0, c1 FROM ${raw.relation} ORDER BY o`);
    const shown = (name: string | undefined): string => (format === 'csv' ? String(name) : JSON.stringify(name));
    expect(rows).toEqual([
      { c0: '1', c1: shown(names[0]) },
      { c0: '2', c1: shown(names[0]) },
      { c0: '3', c1: shown(names[2]) },
    ]);
  } finally {
    await unreadable.close();
    session.close();
  }
});
