import { ownValue } from '../../own-value.ts';
import { at, lastName, listAt, type Tree } from '../sql/tree.ts';
import type { Rule } from './rule.ts';

/** Names under which a column's type is refused, with PostgreSQL's own spelling of the type, as DSQL prints it. */
const refusedTypes: Readonly<Record<string, string>> = {
  money: 'money',
  xml: 'xml',
  inet: 'inet',
  cidr: 'cidr',
  macaddr: 'macaddr',
  macaddr8: 'macaddr8',
  point: 'point',
  line: 'line',
  lseg: 'lseg',
  box: 'box',
  path: 'path',
  polygon: 'polygon',
  circle: 'circle',
  tsvector: 'tsvector',
  tsquery: 'tsquery',
  bit: 'bit',
  varbit: 'bit varying',
  pg_lsn: 'pg_lsn',
  pg_snapshot: 'pg_snapshot',
  txid_snapshot: 'txid_snapshot',
  int4range: 'int4range',
  int8range: 'int8range',
  numrange: 'numrange',
  tsrange: 'tsrange',
  tstzrange: 'tstzrange',
  daterange: 'daterange',
  int4multirange: 'int4multirange',
  int8multirange: 'int8multirange',
  nummultirange: 'nummultirange',
  tsmultirange: 'tsmultirange',
  tstzmultirange: 'tstzmultirange',
  datemultirange: 'datemultirange',
  jsonpath: 'jsonpath',
  refcursor: 'refcursor',
  aclitem: 'aclitem',
  cid: 'cid',
  tid: 'tid',
  xid: 'xid',
  xid8: 'xid8',
  regclass: 'regclass',
  regproc: 'regproc',
  regtype: 'regtype',
  regrole: 'regrole',
  regnamespace: 'regnamespace',
  regprocedure: 'regprocedure',
  regoper: 'regoper',
  regoperator: 'regoperator',
  regconfig: 'regconfig',
  regdictionary: 'regdictionary',
  regcollation: 'regcollation',
  oid: 'oid',
  oidvector: 'oidvector',
  int2vector: 'int2vector',
  name: 'name',
  char: '"char"',
  record: 'record',
};

/** Of the refused types those no expression may have either. Arrays and inet are documented as fine within a query. */
const refusedAnywhere = new Set([
  ...['point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle', 'money', 'xml', 'macaddr', 'macaddr8', 'pg_lsn'],
  ...['bit', 'varbit'],
  ...['int4range', 'int8range', 'numrange', 'tsrange', 'tstzrange', 'daterange'],
  ...['int4multirange', 'int8multirange', 'nummultirange', 'tsmultirange', 'tstzmultirange', 'datemultirange'],
]);

/** PostgreSQL's long names of the types whose short ones its parser puts into the tree. */
const longNames: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  bool: 'boolean',
  varchar: 'character varying',
  bpchar: 'character',
  timestamptz: 'timestamp with time zone',
  timestamp: 'timestamp without time zone',
  timetz: 'time with time zone',
  time: 'time without time zone',
  varbit: 'bit varying',
};

const serials = new Set(['serial', 'serial2', 'serial4', 'serial8', 'smallserial', 'bigserial']);

/** A type as DSQL prints it. */
export function printedType(typeName: Tree | undefined): string {
  const name = lastName(listAt(typeName, 'names'));
  return `${ownValue(longNames, name) ?? name}${listAt(typeName, 'arrayBounds').length > 0 ? '[]' : ''}`;
}

function refuseColumnType(typeName: Tree | undefined): string | undefined {
  const name = lastName(listAt(typeName, 'names'));
  if (listAt(typeName, 'arrayBounds').length > 0) return `datatype ${printedType(typeName)} not supported`;
  const refused = Object.hasOwn(refusedTypes, name) ? refusedTypes[name] : undefined;
  return refused === undefined ? undefined : `datatype ${refused} not supported`;
}

/** Types of columns and domains, and types no expression may have. */
export const typeRules: readonly Rule[] = [
  {
    node: 'ColumnDef',
    sqlstate: '42704',
    refuse: (body) => {
      const name = lastName(listAt(body, 'typeName', 'names'));
      return serials.has(name) ? `type "${name}" does not exist` : undefined;
    },
    source: 'recorded',
  },
  { node: 'ColumnDef', refuse: (body) => refuseColumnType(at(body, 'typeName')), source: 'recorded' },
  { node: 'CreateDomainStmt', refuse: (body) => refuseColumnType(at(body, 'typeName')), source: 'inferred' },
  {
    node: 'TypeCast',
    refuse: (body) => {
      const name = lastName(listAt(body, 'typeName', 'names'));
      return refusedAnywhere.has(name) ? `datatype ${refusedTypes[name] ?? name} not supported` : undefined;
    },
    source: 'inferred',
  },
  {
    node: 'FuncCall',
    refuse: (body) => {
      const name = lastName(listAt(body, 'funcname'));
      return refusedAnywhere.has(name) ? `datatype ${refusedTypes[name] ?? name} not supported` : undefined;
    },
    source: 'recorded',
  },
];
