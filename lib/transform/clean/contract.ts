import { quoteName } from '../../duckdb/quote.ts';
import { maxTransactionRows } from '../../limits.ts';
import { ContractMismatchError } from '../errors.ts';
import { findColumn, type NamedColumn } from '../find-column.ts';
import { columnType, isText } from '../infer/column-type.ts';
import { holdsType } from '../infer/holds-type.ts';
import { refuse, type TransformRequest } from '../request.ts';

/** A column that is declared with one type and has another in the table. */
export interface ContractBreak {
  readonly name: string;
  readonly declared: string;
  readonly present: string;
}

/**
 * Refuses a contract that the table cannot keep: a column is there with a type that does not hold the values of the
 * declared one. A type that holds them all keeps it: each value has to fit both.
 *
 * @param names    the columns of the source, by which `columns` may name them
 * @param changed  names of those whose values rules change: they are declared as the source has them, and meet the table's
 *                 type behind the rules
 * @throws {ContractMismatchError} terminal: with the statements that bring the table there
 */
export function checkContract(
  request: TransformRequest,
  names: readonly NamedColumn[],
  changed: ReadonlySet<string>,
): void {
  const { settings, targetColumns } = request;
  const breaks = Object.entries(settings.columns).flatMap(([key, setting]): readonly ContractBreak[] => {
    const declared = typeof setting === 'string' ? setting : setting.drop === true ? undefined : setting.type;
    const renamed = typeof setting === 'string' ? undefined : setting.rename;
    const name = findColumn(names, key)?.name ?? renamed ?? key;
    const present = findColumn(targetColumns ?? [], name);
    if (declared === undefined || present === undefined || changed.has(name)) return [];
    if (holdsType(columnType(present.type), columnType(declared))) return [];
    return [{ name: present.name, declared, present: present.type }];
  });
  if (breaks.length > 0) refuse(request, contractMismatch(request, breaks));
}

function contractMismatch(
  { settings, targetColumns }: TransformRequest,
  breaks: readonly ContractBreak[],
): ContractMismatchError {
  const { key_columns: keys, name, target_table: table } = settings;
  const isKey = ({ name: column }: ContractBreak): boolean =>
    keys.some((key) => findColumn([{ name: column }], key) !== undefined);
  const id = targetColumns?.find((column) => column.isId)?.name;
  const keyed = breaks.filter(isKey);
  const remedy =
    keyed.length > 0
      ? anotherTable(table, keyed[0]?.name ?? '')
      : [
          "Aurora DSQL changes no column's type. These statements bring the table there, one after another, e.g. by etl sql:",
          ...breaks.flatMap((one) => changeStatements(table, one, id)),
          'Digits that a numeric or a time has no place for are rounded, and indexes and constraints of the former column are gone. Or declare what the table has.',
        ].join('\n');
  return new ContractMismatchError({
    pipeline: name,
    table,
    breaks: breaks.map((one) => `columns declares ${one.name} as ${one.declared}, and the table has ${one.present}`),
    remedy,
  });
}

/** The unique constraint of a key cannot be added to a table that is there. */
function anotherTable(table: string, key: string): string {
  const { name, quoted } = tableOf(table);
  return [
    `Aurora DSQL changes no column's type, and ${key} is of the table's key, which can be made with the table alone. Put the table aside, e.g. by etl sql, and run again, which makes it anew:`,
    `  ALTER TABLE ${quoted} RENAME TO ${quoteName(`${name}_before`)};`,
    'Rows that the source no longer has stay there. Or declare what the table has.',
  ].join('\n');
}

/** @param id  a column by which rows can be changed in batches, where there is one */
function changeStatements(
  table: string,
  { declared, name, present }: ContractBreak,
  id: string | undefined,
): readonly string[] {
  const { quoted } = tableOf(table);
  const [column, other] = [quoteName(name), quoteName(`${name}_new`)];
  const isEmptyText = isText(columnType(present)) && !isText(columnType(declared));
  const open = `${other} IS NULL AND ${isEmptyText ? `${column} <> ''` : `${column} IS NOT NULL`}`;
  // A cast to varchar(n) would cut what is longer; an assignment refuses it.
  const value = isText(columnType(declared)) ? `${column}::text` : `${column}::text::${declared}`;
  const update = `UPDATE ${quoted} SET ${other} = ${value} WHERE`;
  return [
    `  ALTER TABLE ${quoted} ADD COLUMN ${other} ${declared};`,
    id === undefined
      ? `  ${update} ${open};`
      : `  ${update} ${quoteName(id)} IN (SELECT ${quoteName(id)} FROM ${quoted} WHERE ${open} LIMIT ${maxTransactionRows});`,
    `  -- the UPDATE again until it changes no row: a transaction changes ${maxTransactionRows.toLocaleString('en')} rows at most`,
    `  ALTER TABLE ${quoted} DROP COLUMN ${column};`,
    `  ALTER TABLE ${quoted} RENAME COLUMN ${other} TO ${column};`,
  ];
}

function tableOf(table: string): { readonly name: string; readonly quoted: string } {
  const parts = table.split('.');
  return { name: parts.at(-1) ?? table, quoted: parts.map(quoteName).join('.') };
}
