import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseConfig } from '../../lib/config/read-config.ts';
import type { RunResult } from '../../lib/run/result.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import type { RunDemand } from '../../lib/run/run-demand.ts';
import { runPipeline } from '../../lib/run/run-pipeline.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import { serve, type TestServer } from '../support/http-server.ts';
import type { LocalTarget } from '../support/local-target.ts';
import { compareTable } from './compare.ts';
import { expectRun } from './model.ts';
import { emptyState, type ModelState, withoutTable } from './model-state.ts';
import { filesOf, type Scenario, type Shape, type Step, textOf } from './scenario.ts';
import { readTable, type TableContent } from './table-content.ts';

/** Runs a pipeline, and may look at what is before and after; a text says what is wrong. */
export type Watch = (context: RunContext, demand: RunDemand) => Promise<RunResult | string>;

/** Everything that a scenario needs of its surroundings. */
interface Stage {
  readonly target: LocalTarget;
  readonly folder: string;
  readonly name: string;
  readonly watch: Watch;
  readonly server: { step?: Step } & TestServer;
}

/**
 * Runs a scenario with the real pipeline and compares the table with the model after every run.
 *
 * @param name  of the pipeline and the tables; not used by another scenario
 * @returns what is wrong, with the run's number; undefined when nothing is
 */
export async function playScenario(
  target: LocalTarget,
  name: string,
  scenario: Scenario,
  watch: Watch = runPipeline,
): Promise<string | undefined> {
  const folder = path.join(target.folder, name);
  mkdirSync(path.join(folder, 'source'), { recursive: true });
  const stage: Stage = { target, folder, name, watch, server: await serveItems(scenario) };
  const uuids = new Map<string, string>();
  let state = emptyState(scenario);
  try {
    if (scenario.foreign !== undefined) await makeForeign(stage, scenario);
    for (const [index, step] of scenario.steps.entries()) {
      const played = await playStep(stage, scenario, step, state, uuids, index);
      if (played === undefined) return undefined;
      if (typeof played === 'string') return `run ${index + 1}: ${played}`;
      state = played;
    }
    return undefined;
  } finally {
    await stage.server.close();
    for (const table of await tablesOf(target, name)) await target.sql.unsafe(`DROP TABLE "${table}"`);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns the state after the run; a text that says what is wrong; undefined where what follows is not told */
async function playStep(
  stage: Stage,
  scenario: Scenario,
  step: Step,
  earlier: ModelState,
  uuids: Map<string, string>,
  index: number,
): Promise<ModelState | string | undefined> {
  const { target } = stage;
  const table = `${stage.name}_${step.table}`;
  let state = earlier;
  if (step.before !== undefined && state.tables.has(step.table)) {
    const change =
      step.before === 'drop' ? `DROP TABLE "${table}"` : `ALTER TABLE "${table}" RENAME TO "${table}_${index}"`;
    await target.sql.unsafe(change);
    state = withoutTable(state, step.table);
  }
  const before = await readTable(target.sql, table);
  const expected = expectRun(scenario, step, state);
  const result = await runStep(stage, scenario, step, table);
  if (typeof result === 'string') return result;
  const after = await readTable(target.sql, table);
  const told = `${result.status} (${result.error_code ?? 'no code'}: ${result.error_message ?? ''})`;
  if (expected.statuses[result.status] === undefined) {
    return `ended as ${told}, expected ${JSON.stringify(expected.statuses)}`;
  }
  if (result.status === 'failed' && expected.isPartial === true) return undefined;
  if (result.status !== 'success') {
    return sameContent(before, after) ? state : `ended as ${told}, and has changed the table`;
  }
  const wrong = compareTable(scenario, expected.after.tables.get(step.table), after, uuids);
  if (typeof wrong === 'string') return wrong;
  const counts = Object.entries(expected.counts).filter(([name, count]) => result[name as keyof RunResult] !== count);
  if (counts.length > 0) {
    const both = counts.map(([name, count]) => `${name} ${String(result[name as keyof RunResult])}, expected ${count}`);
    return `counts ${both.join('; ')}`;
  }
  const tables = new Map(expected.after.tables);
  if (wrong !== undefined) tables.set(step.table, wrong);
  return { ...expected.after, tables };
}

async function runStep(stage: Stage, scenario: Scenario, step: Step, table: string): Promise<RunResult | string> {
  const { folder, name, server, target } = stage;
  const sources = path.join(folder, 'source');
  for (const file of readdirSync(sources)) rmSync(path.join(sources, file));
  for (const [file, content] of filesOf(scenario, step)) writeFileSync(path.join(sources, file), content);
  server.step = step;
  const pipeline = {
    ...(scenario.source === 'api'
      ? {
          source_type: 'api',
          endpoint: 'items',
          records_path: '$.items',
          pagination: { type: 'offset', limit: 3, total_path: '$.total' },
        }
      : { source_type: 'file', file_path: `source/*.${scenario.source}` }),
    ...(scenario.incremental === true ? { incremental: { cursor_column: 'changed', start_param: 'since' } } : {}),
    target_table: table,
    load_mode: scenario.mode,
    key_columns: scenario.keys,
    ...(scenario.keepRepeated === true ? { deduplicate: false } : {}),
    business_rules: [
      ...(step.idsAbove === undefined ? [] : [{ type: 'filter', condition: `id > ${step.idsAbove}` }]),
      ...(step.idsBelow === undefined ? [] : [{ type: 'expect', condition: `id < ${step.idsBelow}` }]),
    ],
    columns: { ...step.declared, ...shapedSettings(scenario.shape) },
    ...(scenario.shape?.excluded === undefined ? {} : { exclude: [scenario.shape.excluded] }),
    ...(scenario.shape?.exploded === undefined ? {} : { explode: { path: 'list', on_empty: scenario.shape.exploded } }),
  };
  const config = parseConfig(
    JSON.stringify({ data_source: { base_url: server.url }, pipelines: { [name]: pipeline } }),
    'etl.yaml',
  );
  const settings = config.pipelines[name];
  if (settings === undefined) throw new Error('The pipeline is not there.');
  return await stage.watch(
    {
      pipeline: { name, settings, dataSource: config.data_source },
      baseDir: folder,
      target,
      store: folderStore(path.join(folder, 'state')),
      scratchDir: path.join(folder, 'scratch'),
      connections: 2,
      chunkRows: 8,
      resolveSecret: () => Promise.reject(new Error('no secrets here')),
    },
    { trigger: 'cli', again: step.again === true, force: step.force === true },
  );
}

/** What `columns` says of renamed columns and of defaults. */
function shapedSettings(shape: Shape | undefined): Record<string, unknown> {
  const { fallback, renamed } = shape ?? {};
  return {
    ...(renamed === undefined ? {} : { [renamed.from]: { rename: renamed.to } }),
    ...(fallback === undefined ? {} : { [fallback.column]: { type: 'text', default: fallback.value } }),
  };
}

/** An API over the rows of the step: pages by offset, and what is new by `since`, which is inclusive. */
async function serveItems(scenario: Scenario): Promise<{ step?: Step } & TestServer> {
  const served: { step?: Step } = {};
  const server = await serve((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const since = url.searchParams.get('since');
    const offset = Number(url.searchParams.get('offset') ?? 0);
    const { step } = served;
    const rows = (step?.rows ?? []).filter(
      ({ cells }) =>
        since === null || (cells.changed != null && Date.parse(textOf(cells.changed)) >= Date.parse(since)),
    );
    const page = rows.slice(offset, offset + Number(url.searchParams.get('limit') ?? 3));
    const items =
      step === undefined ? '[]' : [...filesOf({ ...scenario, source: 'json' }, { ...step, rows: page }).values()][0];
    response.setHeader('content-type', 'application/json');
    response.end(`{"total":${rows.length},"items":${items ?? '[]'}}`);
  });
  return Object.assign(served, server);
}

async function makeForeign({ name, target }: Stage, { foreign, keys }: Scenario): Promise<void> {
  if (foreign === undefined) return;
  const columns = Object.entries(foreign.types).map(([column, type]) => `"${column}" ${type}`);
  const key = keys.length === 0 ? '' : `, PRIMARY KEY (${keys.join(', ')})`;
  await target.sql.unsafe(`CREATE TABLE "${name}_a" (${columns.join(', ')}${key})`);
  for (const row of foreign.rows) {
    const values = Object.values(row).map((value) => `'${value}'`);
    await target.sql.unsafe(`INSERT INTO "${name}_a" (${Object.keys(row).join(', ')}) VALUES (${values.join(', ')})`);
  }
}

async function tablesOf({ sql }: LocalTarget, name: string): Promise<readonly string[]> {
  const rows = await sql<{ table_name: string }[]>`
    SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`;
  return rows.map((row) => row.table_name).filter((table) => table.startsWith(`${name}_`));
}

function sameContent(a: TableContent | undefined, b: TableContent | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
