import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BothWays, deployBothWays } from '../support/aws/both-ways.ts';

const rowCount = 3_000;

/** What only the last row says of the types of the columns `score` and `day`. */
interface Last {
  readonly score: string;
  readonly day: string;
}

/** A row of each run: every 59th has no number for `n`, the last hundred repeat rows or keys of the first. */
function rowAt(i: number, from: number, last: Last) {
  const at = i >= rowCount - 100 ? (i * 7) % 1_000 : i;
  const id = from + at;
  const isLast = i === rowCount - 1;
  return {
    id: String(id),
    name: i >= rowCount - 50 ? `again ${i}` : `na\nme ${at % 3 === 0 ? from : ''} of ${id}`,
    n: i % 59 === 0 ? 'none' : String(id % 97),
    score: isLast ? last.score : String(id % 50),
    day: isLast ? last.day : `2025-01-${String((id % 28) + 1).padStart(2, '0')}`,
  };
}

const rows = (from: number, last: Last) => Array.from({ length: rowCount }, (_, i) => rowAt(i, from, last));

function csv(from: number, last: Last): string {
  const lines = rows(from, last).map(({ day, id, n, name, score }) => `${id},"${name}",${n},${score},${day}\n`);
  return `id,name,n,score,day\n${lines.join('')}`;
}

/** Numbers are numbers, and a column is only in the last lines. */
function ndjson(from: number, last: Last): string {
  const lines = rows(from, last).map(({ id, score, ...rest }, i) => {
    const late = i >= rowCount - 20 ? { late: i % 2 === 0 ? { a: i } : i } : {};
    return `${JSON.stringify({ id: Number(id), score: i === rowCount - 1 ? score : Number(score), ...rest, ...late })}\n`;
  });
  return lines.join('');
}

/** Content of the first run, whose types come late; of the second one, which does not fit the table any more, and of which a third is new. */
const runs = [
  [0, { score: '7.25', day: 'not a day' }],
  [1_000, { score: 'three', day: '2025-02-01' }],
] as const satisfies readonly (readonly [number, Last])[];

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
      for (const [from, last] of runs) {
        await both.service.aws.putObject('incoming', `rows.${format}`, formats[format](from, last));
        const { left, slices } = await both.expectSame(`${format}_${mode}`);
        expect(slices).toBeGreaterThan(8);
        expect(left.rejected.length).toBeGreaterThanOrEqual(rowCount / 60);
        expect(left.rows.length).toBeGreaterThan(2_500);
      }
    },
    240_000,
  );
});
