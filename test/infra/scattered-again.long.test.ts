import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BothWays, deployBothWays } from '../support/aws/both-ways.ts';

const rowCount = 3_000;

/** What only the last row says of the types of the columns `score` and `day`, and whether any row has no number for `n`. */
interface Content {
  readonly spoilt: boolean;
  readonly score: string;
  readonly day: string;
}

/** A row of a run: every 59th is rejected, the last hundred repeat rows or keys of the first. */
function rowAt(i: number, from: number, content: Content) {
  const at = i >= rowCount - 100 ? (i * 7) % 1_000 : i;
  const id = from + at;
  const isLast = i === rowCount - 1;
  return {
    id: String(id),
    name: i >= rowCount - 50 ? `again ${i}` : `na\nme ${at % 3 === 0 ? from : ''} of ${id}`,
    n: content.spoilt && i % 59 === 0 ? 'none' : String(id % 97),
    score: isLast ? content.score : String(id % 50),
    day: isLast ? content.day : `2025-01-${String((id % 28) + 1).padStart(2, '0')}`,
  };
}

const rows = (from: number, content: Content) => Array.from({ length: rowCount }, (_, i) => rowAt(i, from, content));

function csv(from: number, content: Content): string {
  const lines = rows(from, content).map(({ day, id, n, name, score }) => `${id},"${name}",${n},${score},${day}\n`);
  return `id,name,n,score,day\n${lines.join('')}`;
}

/** Numbers are numbers, and a column is only in the last lines. */
function ndjson(from: number, content: Content): string {
  const lines = rows(from, content).map(({ id, score, ...rest }, i) => {
    const late = i >= rowCount - 20 ? { late: i % 2 === 0 ? { a: i } : i } : {};
    return `${JSON.stringify({ id: Number(id), score: i === rowCount - 1 ? score : Number(score), ...rest, ...late })}\n`;
  });
  return lines.join('');
}

/** Of the first run, in which the types of columns come late. */
const first: Content = { spoilt: true, score: '7.25', day: 'not a day' };
/** Of the second run, whose last row does not fit the table, and of which a third is new. */
const second: Content = { spoilt: true, score: 'three', day: '2025-02-01' };
/** What may take the place of all rows: no row is rejected that might be a missing one. */
const whole: Content = { spoilt: false, score: '8.5', day: '2025-02-01' };

const formats = { csv, ndjson } as const;
const modes = {
  insert: 'load_mode: insert, deduplicate: true',
  insert_all: 'load_mode: insert, deduplicate: false',
  insert_keyed: 'load_mode: insert, key_columns: [id]',
  upsert: 'load_mode: upsert, key_columns: [id]',
  replace: 'load_mode: replace, key_columns: [id], verify: full, max_shrink: 1',
  replace_unkeyed: 'load_mode: replace, deduplicate: true, verify: full, max_shrink: 1',
} as const;

const cases = Object.keys(formats).flatMap((format) =>
  Object.keys(modes).map((mode) => [format, mode] as readonly [keyof typeof formats, keyof typeof modes]),
);

let both: BothWays;

beforeAll(async () => {
  const pipelines = cases.map(([format, mode]) => {
    const source = `source_type: file, file_path: s3://incoming/rows.${format}, columns: { n: bigint }`;
    return [`${format}_${mode}`, { settings: `${source}, ${modes[mode]}`, piece_mb: 0.015 }] as const;
  });
  both = await deployBothWays(Object.fromEntries(pipelines));
}, 240_000);

afterAll(async () => {
  await both?.close();
});

describe('a source that is cleaned in pieces, and loaded into the table of a run before', () => {
  it.each(cases)(
    'leaves the rows, ids, rejected rows and log of one go: %s, %s',
    async (format, mode) => {
      const runs = [[0, first] as const, [1_000, mode.startsWith('replace') ? whole : second] as const];
      for (const [from, content] of runs) {
        await both.service.aws.putObject('incoming', `rows.${format}`, formats[format](from, content));
        const { left, slices } = await both.expectSame(`${format}_${mode}`);
        expect(slices).toBeGreaterThan(6);
        expect(left.rejected.length).toBeGreaterThanOrEqual(rowCount / 60);
        expect(left.rows.length).toBeGreaterThan(2_500);
      }
    },
    240_000,
  );
});
