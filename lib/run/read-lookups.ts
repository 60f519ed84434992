import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import type { LookupRule } from '../config/business-rule.ts';
import { pipelineSchema } from '../config/pipeline.ts';
import { parseTableName, quoteIdentifier, quoteTable } from '../dsql/identifier.ts';
import { runStatement } from '../dsql/target.ts';
import { extract } from '../extract/extract.ts';
import { describeTable } from '../load/target-table.ts';
import type { RawManifest } from '../manifest.ts';
import { LookupError } from '../transform/errors.ts';
import type { LocalPart } from '../transform/read/local-part.ts';
import type { LookupInput } from '../transform/request.ts';
import { taken } from '../transform/rules/kinds/lookup.ts';
import { lookupsOf } from '../transform/rules/rule-kinds.ts';
import type { Run } from './run.ts';
import type { RunContext } from './run-context.ts';
import { prefixOf } from './store-keys.ts';

/**
 * Reads what the lookup rules of a pipeline look up: files as a source reads them, tables of the target by one SELECT.
 *
 * @throws {LookupError} terminal: there is no such table or column
 * @throws what reading the files throws: missing, unreadable
 */
export async function readLookups(context: RunContext, run: Pick<Run, 'run_id'>): Promise<readonly LookupInput[]> {
  const inputs: LookupInput[] = [];
  for (const { number, rule } of lookupsOf(context.pipeline.settings.business_rules)) {
    inputs.push(
      'file' in rule.from
        ? await readFiles(context, run, number, rule.from)
        : await readTable(context, number, rule, rule.from.table),
    );
  }
  return inputs;
}

async function readFiles(
  context: RunContext,
  run: Pick<Run, 'run_id'>,
  number: number,
  { file, ...how }: Extract<LookupRule['from'], { file: string }>,
): Promise<LookupInput> {
  const { pipeline, store } = context;
  const settings = pipelineSchema.parse({
    source_type: 'file',
    file_path: file,
    ...how,
    target_table: pipeline.settings.target_table,
  });
  const request = {
    ...context,
    ...context.target.retry,
    pipeline: { ...pipeline, settings },
    objects: undefined,
    // Each call of a step that is done anew reads the same, however long the run takes.
    copyObjects: true as const,
    prefix: `${prefixOf(run)}/lookups/${number}`,
    onProgress: undefined,
  };
  let raw = await extract(request);
  while (!raw.complete) raw = await extract(request);
  const parts: LocalPart[] = [];
  for (const part of raw.parts) {
    parts.push({ ...part, path: part.local ? part.location : await store.localPath(part.location) });
  }
  return { number, raw, parts, types: {} };
}

/** The columns that the rule needs, as NDJSON of texts, with the types that the catalog tells. */
async function readTable(context: RunContext, number: number, rule: LookupRule, table: string): Promise<LookupInput> {
  const { pipeline, scratchDir, target } = context;
  const fail = (problem: string): never => {
    throw new LookupError({ pipeline: pipeline.name, rule: number, lookup: table, problem });
  };
  const name = parseTableName(table);
  const present = await runStatement('Reading the catalog', target, () => describeTable(target.sql, name));
  if (present === undefined) return fail('there is no such table');
  const wanted = [...new Set([...Object.values(rule.on), ...taken(rule).map(([, theirs]) => theirs)])];
  const columns = wanted.map(
    (one) =>
      present.columns.find((column) => column.name === one) ??
      fail(`it has no column ${one} (it has: ${present.columns.map((column) => column.name).join(', ')})`),
  );
  const file = path.join(scratchDir, `lookup-${number}.ndjson`);
  await mkdir(scratchDir, { recursive: true, mode: 0o700 });
  const list = columns.map((column) => `${quoteIdentifier(column.name)}::text`).join(', ');
  await runStatement(`Reading the table ${table}`, target, async () => {
    const stream = createWriteStream(file, { mode: 0o600 });
    try {
      for await (const part of target.sql.stream(`SELECT ${list} FROM ${quoteTable(name)}`)) {
        if (part.kind !== 'rows') continue;
        const lines = part.rows.map((row) => {
          const fields = columns.map((column, at) => [column.name, row[at] ?? null]);
          return `${JSON.stringify(Object.fromEntries(fields))}\n`;
        });
        if (!stream.write(lines.join(''))) await once(stream, 'drain');
      }
    } finally {
      stream.end();
      await finished(stream);
    }
  });
  const { size: bytes } = await stat(file);
  const part = { location: file, local: true, source: table, format: 'ndjson' as const, bytes };
  const raw: RawManifest = {
    complete: true,
    parts: [part],
    rejected: [],
    extracted_at: target.retry.clock.now().toISOString(),
    source_fingerprint: '',
    bytes_read: bytes,
  };
  return {
    number,
    raw,
    parts: [{ ...part, path: file }],
    types: Object.fromEntries(columns.map((column) => [column.name, column.type])),
  };
}
