import { describe, expect, it } from 'vitest';
import { extract } from '../../../lib/extract/extract.ts';
import { readRows, sendJson, setup, startApi } from '../extract-setup.ts';
import type { Shape } from './shape.ts';
import { shapes } from './shapes.ts';

type Loose = Readonly<Record<string, unknown>>;

interface Outcome {
  readonly rows: readonly Loose[];
  readonly warnings: readonly string[];
  /** The code of the error that the run failed with. */
  readonly failed: string | undefined;
}

async function outcomeOf(shape: Shape, settings: Loose): Promise<Outcome> {
  const api = await startApi(({ body, headers, url }, response) => {
    const asked = { query: url.searchParams, raw: body, headers, path: url.pathname, origin: url.origin };
    const answer = shape.answer({ ...asked, body: body === '' ? {} : (JSON.parse(body) as Loose) });
    sendJson(response, answer.body, answer.headers, answer.status);
  });
  const source = { source_type: 'api', endpoint: 'rows', key_columns: ['id'], ...settings };
  const { request } = setup(source, { base_url: api.url });
  try {
    const manifest = await extract(request);
    return { rows: await readRows(request, manifest), warnings: manifest.warnings ?? [], failed: undefined };
  } catch (thrown) {
    const failed = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
    return { rows: [], warnings: [], failed };
  }
}

const place = (shape: Shape): Loose => (shape.rows === undefined ? {} : { records_path: shape.rows });

describe.each(Object.entries(shapes))('%s', (_name, shape) => {
  const count = shape.count ?? 7;
  const isWhole = ({ rows }: Outcome): boolean => rows.length === count || rows.length === shape.tunedCount;

  it('is read whole as its documentation says, or what is missing is said', async () => {
    for (const load_mode of ['insert', 'upsert', 'replace']) {
      const outcome = await outcomeOf(shape, { ...place(shape), ...shape.tuned, load_mode });
      const said = outcome.failed !== undefined || outcome.warnings.length > 0;
      if (!said) expect(outcome).toMatchObject({ failed: undefined, warnings: [] });
      expect(isWhole(outcome) || said, JSON.stringify(outcome)).toBe(true);
    }
  });

  it.each(['insert', 'upsert', 'replace'])(
    'is read whole with %s and nothing said of pages, or what is missing is said',
    async (load_mode) => {
      for (const where of [place(shape), {}]) {
        const outcome = await outcomeOf(shape, { ...where, ...shape.naked, load_mode });
        const said = outcome.failed !== undefined || outcome.warnings.length > 0;
        expect(isWhole(outcome) || said, JSON.stringify(outcome)).toBe(true);
      }
    },
  );
});

/** Shapes that are not read whole by any setting there is, or whose settings say so themselves. */
const partly = new Set(['a search that ends in 422 behind a cap', 'lists in lists, by page, where some are left out']);

it.each(Object.entries(shapes).filter(([name]) => !partly.has(name)))(
  'with the right settings nothing is said of %s',
  async (_name, shape) => {
    const outcome = await outcomeOf(shape, { ...place(shape), ...shape.tuned, load_mode: 'replace' });
    expect(outcome).toMatchObject({ failed: undefined, warnings: [] });
    expect(outcome.rows).toHaveLength(shape.tunedCount ?? shape.count ?? 7);
  },
);
