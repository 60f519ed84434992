import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LookupRule } from '../../config/business-rule.ts';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { LookupError } from '../errors.ts';
import { findColumn, type NamedColumn, unknownColumn } from '../find-column.ts';
import { placeOf, type RawRows } from '../read/raw-rows.ts';
import { readParts } from '../read/read-parts.ts';
import { openUnreadableRows } from '../read/unreadable-rows.ts';
import type { LookupInput, TransformRequest } from '../request.ts';
import { canonicalText } from '../result/row-id.ts';
import { alive } from '../row-state.ts';
import { lookedUp, taken } from '../rules/kinds/lookup.ts';
import { hitColumn, type LookupTable, lookupKey, lookupTable, lookupValue } from '../rules/lookup-table.ts';
import { lookupsOf } from '../rules/rule-kinds.ts';
import { planColumns } from './column-plan.ts';
import { RejectReasons } from './reject-reasons.ts';
import { typedRows } from './typed-rows.ts';

/**
 * Makes a table of each lookup: its keys as texts, so that 1 and 1.0 are one key, and the values to take.
 *
 * @returns their columns, by the rule's number
 * @throws {LookupError} terminal: a row cannot be read, or has the key of another one
 * @throws {UnknownColumnError} terminal: a rule names a column that is not there
 */
export async function makeLookupTables(
  session: DuckDbSession,
  request: TransformRequest,
  inputs: readonly LookupInput[],
  scratch: string,
): Promise<ReadonlyMap<number, LookupTable>> {
  const tables = new Map<number, LookupTable>();
  for (const { number, rule } of lookupsOf(request.settings.business_rules)) {
    const input = inputs.find((one) => one.number === number);
    if (input !== undefined)
      tables.set(number, await makeTable(session, request, rule, input, join(scratch, `lookup-${number}`)));
  }
  return tables;
}

async function makeTable(
  session: DuckDbSession,
  request: TransformRequest,
  rule: LookupRule,
  { number, parts, raw: manifest, types }: LookupInput,
  folder: string,
): Promise<LookupTable> {
  const fail = (problem: string): never => {
    throw new LookupError({ pipeline: request.settings.name, rule: number, lookup: lookedUp(rule), problem });
  };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unreadable = await openUnreadableRows(join(folder, 'unreadable.ndjson'));
  const raw = await readParts(parts, { session, scratchDir: folder, unreadable, signal: request.signal }).finally(
    unreadable.close,
  );
  const bad = unreadable.rows() + manifest.rejected.reduce((sum, file) => sum + file.rows, 0);
  if (bad > 0) fail(`${bad} of its rows cannot be read`);
  const settings = { ...plainSettings(request), columns: types };
  const planned = await planColumns(session, raw, { ...request, raw: manifest, settings, targetColumns: undefined });
  const columns = planned.map(({ id, name, sourceName, type }) => ({
    id,
    name,
    sourceName,
    duckType: type.duck,
    type: type.pg,
  }));
  const column = (setting: string, name: string): (typeof columns)[number] => {
    const found = findColumn<(typeof columns)[number] & NamedColumn>(columns, name);
    if (found === undefined)
      throw unknownColumn(
        request.settings.name,
        `${setting} of business rule ${number}`,
        name,
        columns,
        lookedUp(rule),
      );
    return found;
  };
  const keys = Object.values(rule.on).map((name) => column('on', name));
  const values = taken(rule).map(([, name]) => column('take', name));
  const reasons = new RejectReasons();
  const typed = typedRows({ raw, columns: planned, blankText: 'keep', reasons });
  const list = [
    ...keys.map(({ duckType, id }, at) => `${canonicalText(id, duckType)} AS ${lookupKey(at)}`),
    ...values.map(({ id }, at) => `${id} AS ${lookupValue(at)}`),
  ];
  const table = lookupTable(number);
  const names = keys.map((_, at) => lookupKey(at)).join(', ');
  await session.run(
    `CREATE OR REPLACE TABLE ${table} AS SELECT o AS lookup_o, s AS lookup_s, true AS ${hitColumn}, ${list.join(', ')} FROM ${typed}`,
  );
  await refuseRows(session, raw, `${table} WHERE lookup_s <> ${alive}`, (rows, place) =>
    fail(`${rows} of its rows do not fit the types of its columns (first: ${place})`),
  );
  const again = `(SELECT lookup_o, row_number() OVER (PARTITION BY ${names} ORDER BY lookup_o) AS n FROM ${table} WHERE ${keys.map((_, at) => `${lookupKey(at)} IS NOT NULL`).join(' AND ')}) WHERE n > 1`;
  await refuseRows(session, raw, again, (rows, place) =>
    fail(
      `${rows} of its rows have the ${keys.map(({ name }) => name).join(', ')} of an earlier one (first: ${place}); each key may be there once`,
    ),
  );
  await session.run(`ALTER TABLE ${table} DROP COLUMN lookup_o`);
  await session.run(`ALTER TABLE ${table} DROP COLUMN lookup_s`);
  return { columns };
}

async function refuseRows(
  session: DuckDbSession,
  raw: RawRows,
  from: string,
  refuse: (rows: number, place: string) => never,
): Promise<void> {
  const [found] = await session.rows(`SELECT count(*) AS n, min(lookup_o) AS o FROM ${from}`);
  if (Number(found?.n) === 0) return;
  const { line, source } = placeOf(raw.parts, Number(found?.o));
  refuse(Number(found?.n), `${source}, row ${line}`);
}

/** Settings that ask for nothing. */
function plainSettings({ settings }: TransformRequest): TransformRequest['settings'] {
  return {
    name: settings.name,
    target_table: settings.target_table,
    business_rules: [],
    key_columns: [],
    required_columns: [],
    deduplicate: false,
    blank_text: 'keep',
    columns: {},
    load_mode: 'insert',
    rename: {},
    on_new_column: 'add',
    on_missing_column: 'warn',
    on_type_mismatch: 'reject',
    indexes: [],
  };
}
