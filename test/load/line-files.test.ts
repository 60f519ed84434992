import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DuckDbSession, openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { LineFiles } from '../../lib/load/line-files.ts';
import { renderLines } from '../../lib/load/render-lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'etl-lines-'));
let session: DuckDbSession;

beforeAll(async () => {
  session = await openDuckDb({ allowedDirs: [], tempDir: folder });
});
afterAll(() => {
  session.close();
  rmSync(folder, { recursive: true });
});

function textOf(lines: Iterable<Uint8Array>): string {
  const pieces: Buffer[] = [];
  // A piece is valid until the next one is asked for.
  for (const piece of lines) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}

test('lines are read whole and counted, however they lie in blocks and files', () => {
  const lengths = [1, 127 * 1024, 128 * 1024 - 1, 128 * 1024, 300 * 1024, 5];
  const paths = lengths.map((length, index) => {
    const file = join(folder, `lines-${index}`);
    writeFileSync(file, `${'x'.repeat(length)}\nsecond\n`);
    return file;
  });
  const lines = new LineFiles(paths);
  const whole = lengths.map((length) => `${'x'.repeat(length)}\nsecond\n`).join('');
  expect(textOf(lines) === whole).toBe(true);
  expect(lines.count()).toBe(2 * lengths.length);
  // Again, as another attempt does.
  expect(textOf(lines) === whole).toBe(true);
});

/** What COPY makes of a field. */
function fieldOf(text: string): string | null {
  if (text === '\\N') return null;
  const meant: Record<string, string> = { t: '\t', n: '\n', r: '\r', '\\': '\\' };
  return text.replaceAll(/\\(.)/g, (_, character: string) => meant[character] ?? '');
}

const columns = [
  { name: 'id', type: 'uuid' },
  { name: 'note', type: 'text' },
];

async function rendered(notes: readonly (string | null)[]): Promise<(string | null)[]> {
  const hex = (text: string): string =>
    `decode('${Buffer.from(text).toString('hex').replaceAll(/../g, '\\x$&')}'::BLOB)`;
  const rows = notes.map(
    (note, place) =>
      `(${place}, ${note === null ? 'NULL' : hex(note)}, '${String(place).padStart(8, '0')}-0000-4000-8000-000000000000'::UUID)`,
  );
  const relation = `(SELECT id, note FROM (VALUES ${rows.join(', ')}) AS v(place, note, id))`;
  const chunk = { number: 0, rows: notes.length, idColumn: 'id', relation, pieces: [relation] };
  const found = new Map<string, string | null>();
  for await (const batches of renderLines({ session, chunk, columns, batchRows: 3, sized: columns, folder })) {
    for (const { lines, rows: count } of batches) {
      expect(lines.count()).toBe(count);
      for (const line of textOf(lines).split('\n').slice(0, -1)) {
        const [id = '', note = ''] = line.split('\t');
        found.set(id, fieldOf(note));
      }
      await lines.remove();
    }
  }
  return [...found].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, note]) => note);
}

test('every text comes back from the files as it was, and none are left', async () => {
  const text = fc.string({
    unit: fc.constantFrom('\\', '\t', '\n', '\r', '"', "'", ',', '#', '\u0001', 'N', '.', 'é', '😀', ' '),
  });
  const note = fc.oneof(
    text,
    fc.string({ unit: 'grapheme' }).map((one) => one.replaceAll('\0', '')),
    fc.constant(null),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(note, { minLength: 1, maxLength: 12 }), async (notes) => {
      expect(await rendered(notes)).toEqual(notes);
    }),
    { numRuns: 30 },
  );
  const left = await readdir(folder, { recursive: true, withFileTypes: true });
  expect(left.filter((one) => one.isFile() && !one.name.startsWith('lines-'))).toEqual([]);
});
