import { at, lastName, listAt, numberAt, type Tree, textAt, visit } from '../sql/tree.ts';
import { limitMessages } from './limit-messages.ts';
import type { Rule } from './rule.ts';

/** Types no index can hold, as DSQL prints them. */
const keyless: Readonly<Record<string, string>> = {
  json: 'json',
  jsonb: 'jsonb',
  bytea: 'bytea',
  interval: 'interval',
  timetz: 'time with time zone',
};

/** The refusal of the first type that no key can hold. */
export function refuseKeyTypes(names: readonly string[]): string | undefined {
  const name = names.find((candidate) => Object.hasOwn(keyless, candidate));
  return name === undefined ? undefined : `datatype ${keyless[name]} is not supported in a key`;
}

function lengthOf(typeName: Tree | undefined): number {
  return numberAt(listAt(typeName, 'typmods')[0], 'A_Const', 'ival', 'ival');
}

function columns(body: Tree): readonly Tree[] {
  return listAt(body, 'tableElts').flatMap((element) => at(element, 'ColumnDef') ?? []);
}

/** The column names of every primary key and unique constraint of a CREATE TABLE. */
function keys(body: Tree): readonly (readonly string[])[] {
  const isKey = (constraint: Tree | undefined) =>
    ['CONSTR_PRIMARY', 'CONSTR_UNIQUE'].includes(textAt(constraint, 'contype'));
  const ofColumns = columns(body).flatMap((column) =>
    listAt(column, 'constraints')
      .filter((item) => isKey(at(item, 'Constraint')))
      .map(() => [textAt(column, 'colname')]),
  );
  const ofTable = listAt(body, 'tableElts')
    .map((element) => at(element, 'Constraint'))
    .filter(isKey)
    .map((constraint) => listAt(constraint, 'keys').map((key) => textAt(key, 'String', 'sval')));
  return [...ofColumns, ...ofTable];
}

/** A table without a primary key may have one column more: a primary key's index holds all columns. */
function hasPrimaryKey(body: Tree): boolean {
  let found = false;
  visit(body, (type, constraint) => {
    if (type === 'Constraint' && textAt(constraint, 'contype') === 'CONSTR_PRIMARY') found = true;
  });
  return found;
}

function keyTypes(body: Tree): readonly string[] {
  const types = new Map(
    columns(body).map((column) => [textAt(column, 'colname'), lastName(listAt(column, 'typeName', 'names'))]),
  );
  return keys(body).flatMap((key) => key.map((name) => types.get(name) ?? ''));
}

function declaredBytes(body: Tree, key: readonly string[]): number {
  return columns(body)
    .filter((column) => key.includes(textAt(column, 'colname')))
    .reduce<number>((sum, column) => sum + lengthOf(at(column, 'typeName')), 0);
}

/** Refuses a statement in which there is more of something than the limit. */
function atMost(limit: keyof typeof limitMessages, count: (body: Tree) => number): Rule['refuse'] {
  return (body, { limits }) => (count(body) > limits[limit] ? limitMessages[limit](limits[limit]) : undefined);
}

/** Limits a statement's text shows by itself. Sources: the quotas page, and live responses for the texts of char and varchar. */
export const limitRules: readonly Rule[] = [
  {
    node: 'TypeName',
    sqlstate: '54000',
    refuse: (body, { limits }) => {
      const name = lastName(listAt(body, 'names'));
      if (name === 'bpchar' && lengthOf(body) > limits.charBytes) {
        return `Datatype limit greater than ${limits.charBytes} bytes not supported for char`;
      }
      return name === 'varchar' && lengthOf(body) > limits.varcharBytes
        ? `Datatype limit greater than ${limits.varcharBytes} bytes not supported for varchar`
        : undefined;
    },
    source: 'recorded',
  },
  {
    node: 'CreateStmt',
    sqlstate: '54011',
    refuse: atMost('tableColumns', (body) => columns(body).length - (hasPrimaryKey(body) ? 0 : 1)),
    source: 'documented',
  },
  {
    node: 'CreateStmt',
    sqlstate: '54011',
    refuse: atMost('keyColumns', (body) => Math.max(0, ...keys(body).map((key) => key.length))),
    source: 'documented',
  },
  {
    node: 'CreateStmt',
    refuse: (body) => refuseKeyTypes(keyTypes(body)),
    source: 'recorded',
  },
  {
    node: 'CreateStmt',
    sqlstate: '54000',
    refuse: atMost('declaredKeyBytes', (body) => Math.max(0, ...keys(body).map((key) => declaredBytes(body, key)))),
    source: 'recorded',
  },
  {
    node: 'CreateStmt',
    sqlstate: '54000',
    refuse: atMost('tableIndexes', (body) => keys(body).length),
    source: 'recorded',
  },
  {
    node: 'IndexStmt',
    sqlstate: '54011',
    refuse: atMost('keyColumns', (body) => listAt(body, 'indexParams').length),
    source: 'documented',
  },
];
