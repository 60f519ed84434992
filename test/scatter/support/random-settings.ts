import type { TargetColumn } from '../../../lib/transform/request.ts';
import type { Random } from '../../truth/random.ts';
import type { KindName } from '../../truth/values.ts';
import type { FilePipeline } from './pipeline.ts';
import type { RandomColumns, RandomFiles } from './random-files.ts';

type Settings = Record<string, unknown>;

/** What a configuration asks of files, and the table that is there. */
export function randomSettings(random: Random, source: RandomFiles): Omit<FilePipeline, 'files'> {
  const { columns } = source;
  const names = [...columns.keys()];
  const free = [...names];
  const take = (share: number): string | undefined =>
    random.chance(share) && free.length > 0 ? free.splice(random.below(free.length), 1)[0] : undefined;
  const rules = randomRules(random, names);
  const settings: Settings = {
    load_mode: random.pick(['insert', 'upsert', 'replace']),
    key_columns: random.chance(0.5) ? ['id'] : random.chance(0.3) && names[0] !== undefined ? ['id', names[0]] : [],
    deduplicate: random.chance(0.7),
    blank_text: random.pick(['empty', 'keep']),
    on_new_column: random.pick(['add', 'add', 'ignore', 'fail']),
    on_type_mismatch: random.pick(['reject', 'reject', 'reject', 'fail']),
    business_rules: rules.rules,
    columns: randomContract(random, columns, take),
    ...(source.csv === undefined ? {} : { csv: source.csv }),
    ...(source.partitioned ? { hive_partitions: true } : {}),
    ...(random.chance(0.2) ? { file_name_column: 'file_name' } : {}),
  };
  const [excluded, renamed, latest] = [take(0.15), take(0.15), take(0.3)];
  if (excluded !== undefined) settings.exclude = [excluded];
  if (renamed !== undefined) settings.rename = { [renamed]: 'new name' };
  if (latest !== undefined && settings.load_mode !== 'insert') settings.latest_by = latest;
  if (random.chance(0.15)) settings.required_columns = random.chance(0.5) ? [] : names.slice(0, 1);
  if (random.chance(0.15)) settings.date_format = '%d/%m/%Y';
  return {
    settings,
    targetColumns: random.chance(0.35) ? randomTable(random, columns) : undefined,
    lookups: rules.lookups,
    maskKeys: new Map(Object.keys(rules.lookups).map((number) => [Number(number) + 1, 'key'])),
  };
}

/** The `columns` block. */
function randomContract(
  random: Random,
  columns: RandomColumns,
  take: (share: number) => string | undefined,
): Readonly<Settings> {
  const contract: Settings = {};
  const types = ['text', 'bigint', 'numeric(12,2)', 'date', 'varchar(12)', 'double precision', 'timestamptz', 'jsonb'];
  const typed = take(0.2);
  if (typed !== undefined) contract[typed] = types[random.below(types.length)];
  const [dropped, renamed, filled, dated] = [take(0.1), take(0.1), take(0.15), take(0.1)];
  if (dropped !== undefined) contract[dropped] = { drop: true };
  if (renamed !== undefined) contract[renamed] = { rename: `other ${renamed}` };
  if (filled !== undefined) contract[filled] = { type: 'text', default: 'none' };
  if (dated !== undefined) contract[dated] = { date_format: '%Y-%m-%d' };
  if (random.chance(0.05) && columns.size > 0) contract.late = { type: 'bigint', default: 7 };
  return contract;
}

function randomRules(
  random: Random,
  names: readonly string[],
): { readonly rules: readonly Settings[]; readonly lookups: NonNullable<FilePipeline['lookups']> } {
  const rules: Settings[] = [];
  const lookups: Record<number, readonly object[]> = {};
  const name = (): string => names[random.below(names.length)] ?? 'id';
  const add = (share: number, rule: () => Settings): void => {
    if (random.chance(share)) rules.push(rule());
  };
  add(0.2, () => ({ type: 'filter', condition: `id is null or id % ${2 + random.below(5)} > 0` }));
  add(0.15, () => ({ type: 'enrich', new_column: 'made', logic: `coalesce(cast(${name()} as varchar), '') || id` }));
  add(0.15, () => ({ type: 'enrich', new_column: 'share', logic: `100 / (id - ${random.below(60)})` }));
  add(0.15, () => ({
    type: 'expect',
    condition: `id < ${random.below(200)}`,
    on_failure: random.pick(['reject', 'reject', 'fail']),
  }));
  add(0.1, () => ({ type: 'transform', column: name(), function: random.pick(['len', 'notna', 'isna']) }));
  add(0.1, () => ({
    type: 'cast',
    column: name(),
    to: random.pick(['text', 'bigint', 'date']),
    on_failure: random.pick(['reject', 'null', 'fail']),
  }));
  if (random.chance(0.12)) {
    rules.push({
      type: 'lookup',
      from: { file: 'countries.csv' },
      on: { id: 'key' },
      take: { country: 'name' },
      on_miss: random.pick(['reject', 'null', 'fail']),
    });
    lookups[rules.length] = Array.from({ length: 60 }, (_, key) => ({ key, name: `name ${key % 7}` }));
  }
  add(0.12, () => ({ type: 'mask', column: name(), method: random.pick(['hash', 'redact', 'last4']) }));
  return { rules, lookups };
}

const typesOfKind: Readonly<Partial<Record<KindName, string>>> = {
  whole: 'bigint',
  decimal: 'numeric(20,4)',
  binary: 'double precision',
  truth: 'boolean',
  day: 'date',
  moment: 'timestamp without time zone',
  instant: 'timestamp with time zone',
  id: 'uuid',
  nested: 'jsonb',
};

/** A table with most of the columns, and one that the source does not have. */
function randomTable(random: Random, columns: RandomColumns): readonly TargetColumn[] {
  const isOwn = random.chance(0.6);
  const given = [...columns].flatMap(([name, kind]) =>
    random.chance(0.8)
      ? [{ name, type: random.chance(0.7) ? (typesOfKind[kind] ?? 'text') : 'text', nullable: random.chance(0.9) }]
      : [],
  );
  return [
    ...(isOwn ? [{ name: 'uuid_id', type: 'uuid', nullable: false, isId: true }] : []),
    { name: 'id', type: random.pick(['bigint', 'integer', 'text']), nullable: true },
    ...given,
    ...(random.chance(0.4) ? [{ name: 'gone', type: 'text', nullable: true }] : []),
    ...(random.chance(0.3) ? [{ name: 'late', type: 'bigint', nullable: true }] : []),
    ...(isOwn
      ? ['extracted_at', 'created_at', 'updated_at'].map((name) => ({
          name,
          type: 'timestamp with time zone',
          nullable: true,
          hasDefault: name !== 'extracted_at',
        }))
      : []),
  ];
}
