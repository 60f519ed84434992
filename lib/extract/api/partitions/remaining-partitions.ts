import type { ApiExtraction } from '../api-extraction.ts';
import { parentKey } from '../parent-marks.ts';
import type { ParentFields } from '../template/template-value.ts';
import type { TemplateScope } from '../template/variables.ts';
import { partitionLines } from './list-partitions.ts';
import type { Partitions } from './partitions.ts';

/** What one request is made for: one partition, or a batch of them. */
export interface Partition {
  /** What tells it from others. */
  readonly key: string;
  readonly fields: ParentFields;
  readonly batch: TemplateScope['batch'];
}

/** What is left to make requests for, in order. */
export async function* remainingPartitions(
  extraction: ApiExtraction,
  { batch, requestNames }: Partitions,
): AsyncGenerator<Partition> {
  const { done = 0, locations = [] } = extraction.cursor.parents ?? {};
  const size = batch?.size ?? 1;
  let together: ParentFields[] = [];
  for await (const fields of partitionLines(extraction, locations, done * size)) {
    if (batch === undefined) {
      yield { key: parentKey(requestNames, fields), fields, batch: undefined };
      continue;
    }
    together.push(fields);
    if (together.length < size) continue;
    yield batchOf(together, batch.fields);
    together = [];
  }
  if (batch !== undefined && together.length > 0) yield batchOf(together, batch.fields);
}

function batchOf(together: readonly ParentFields[], fields: Readonly<Record<string, string>>): Partition {
  const values = Object.entries(fields).map(
    ([member, field]) => [member, together.map((one) => one[field] ?? 'null')] as const,
  );
  const named = Object.fromEntries(values.map(([member, items]) => [member, `[${items.join(',')}]`]));
  return { key: parentKey(Object.keys(named), named), fields: {}, batch: Object.fromEntries(values) };
}
