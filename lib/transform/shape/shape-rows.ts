import { join } from 'node:path';
import { explodeSettings } from '../../config/nested.ts';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { parquetRows } from '../../duckdb/parquet-rows.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { NestedSourceError, RowsUnaccountedError } from '../errors.ts';
import { unknownColumn } from '../find-column.ts';
import type { RawRows } from '../read/raw-rows.ts';
import type { TransformRequest } from '../request.ts';
import { scratchParquet } from '../scratch-parquet.ts';
import { jsonKind } from './json-kind.ts';
import type { NestedKind, ShapedColumn } from './nested-kind.ts';
import { typedKind } from './typed-kind.ts';

type ShapeRequest = Pick<TransformRequest, 'settings' | 'targetColumns'>;

const kinds: Readonly<Record<RawRows['kind'], NestedKind | undefined>> = {
  json: jsonKind,
  typed: typedKind,
  text: undefined,
};

/** Rows on their way: a relation with `o`, `r`, `p` and the cells of the columns by the names `c0`, `c1`, … */
interface Rows {
  readonly relation: string;
  readonly columns: readonly ShapedColumn[];
}

/** What is wrong with a row's record, by the code that stands in `p`; 0 is nothing. */
const notList = 1;
const noElement = 2;
const keyTwice = 3;

/**
 * Spreads objects over columns and makes a row of each element of a list, as the configuration asks for: first the
 * objects that lead to the list, then its elements, then objects down to the depth of `flatten`, counted from the record
 * and from the element. Rows keep the order of their records, and elements that of their list.
 *
 * @returns the same rows where the configuration asks for nothing, or there are none
 * @throws {NestedSourceError} where the source has no nested values, or the column is no list
 * @throws {UnknownColumnError} where there is no column of the path, and no table yet that would say that it may lack
 */
export async function shapeRows(
  request: ShapeRequest,
  session: DuckDbSession,
  raw: RawRows,
  scratch: string,
): Promise<RawRows> {
  const { explode, flatten, name: pipeline } = request.settings;
  if ((explode === undefined && flatten === undefined) || raw.rows === 0 || raw.columns.length === 0) return raw;
  const kind = kinds[raw.kind];
  if (kind === undefined) {
    throw new NestedSourceError({ pipeline, problem: 'the source is delimited text, which has no objects and lists' });
  }
  const work = new Shaping(session, kind, scratch);
  const columns = raw.columns.map(({ duckType, sourceName }, at) => ({
    sourceName,
    duckType,
    cell: `c${at}`,
    depth: 0,
  }));
  let rows: Rows = { relation: `(SELECT *, o AS r, 0 AS p FROM ${raw.relation})`, columns };
  let exploded: RawRows['exploded'];
  if (explode !== undefined) {
    const setting = explodeSettings(explode);
    rows = await work.spreadPath(rows, setting.path);
    const found = await work.explode(request, rows, setting);
    rows = found.rows;
    exploded = { ...setting, empty: found.empty, rows: found.total };
    if (found.total !== raw.rows + found.added) {
      throw new RowsUnaccountedError({
        where: 'Making rows of elements',
        expected: raw.rows + found.added,
        found: found.total,
      });
    }
  }
  for (let level = 0; level < (flatten ?? 0); level += 1) {
    const spread = await work.spread(rows, (column) => column.depth < (flatten ?? 0));
    if (spread === rows) break;
    rows = spread;
  }
  const path = explode === undefined ? '' : explodeSettings(explode).path;
  return {
    ...raw,
    relation: `(SELECT o, ${['r', 'p', ...rows.columns.map(({ cell }, at) => `${cell} AS c${at}`)].join(', ')} FROM ${rows.relation})`,
    columns: rows.columns.map(({ duckType, sourceName }) => ({ sourceName, duckType })),
    rows: exploded?.rows ?? raw.rows,
    problems: [
      { code: notList, column: path, reason: 'is not a list, so its elements cannot be rows', filters: false },
      { code: noElement, column: path, reason: 'has no element', filters: exploded?.on_empty === 'filter' },
      { code: keyTwice, column: null, reason: 'an object in the row has a key twice', filters: false },
    ].filter(({ code, filters }) => code !== noElement || filters),
    records: raw,
    exploded,
  };
}

/** The steps, each of which writes a file that the next one reads. */
class Shaping {
  readonly #session: DuckDbSession;
  readonly #kind: NestedKind;
  readonly #scratch: string;
  #files = 0;

  constructor(session: DuckDbSession, kind: NestedKind, scratch: string) {
    this.#session = session;
    this.#kind = kind;
    this.#scratch = scratch;
  }

  /** Spreads the objects that lead to a list, unless the column is there by its whole path already. */
  async spreadPath(rows: Rows, path: string): Promise<Rows> {
    const names = path.split('.');
    let spread = rows;
    for (let length = 1; length < names.length; length += 1) {
      if (spread.columns.some(({ sourceName }) => sourceName === path)) break;
      const outer = names.slice(0, length).join('.');
      spread = await this.spread(spread, ({ sourceName }) => sourceName === outer);
    }
    return spread;
  }

  /** Makes columns of the members of objects. @returns the same rows where there is no object */
  async spread(rows: Rows, wanted: (column: ShapedColumn) => boolean): Promise<Rows> {
    const found = await this.#kind.members(this.#session, rows.relation, rows.columns.filter(wanted));
    if (found.size === 0) return rows;
    const broken = [...found.values()].flatMap((one) => one.broken ?? []);
    const columns = rows.columns.flatMap((column): readonly ShapedColumn[] => {
      const { depth, sourceName } = column;
      const own = wanted(column) ? found.get(sourceName) : undefined;
      if (own === undefined) return [column];
      const rest = own.rest === undefined ? [] : [{ ...column, cell: sound(own.rest, column.cell) }];
      const members = own.members.map(({ cell, duckType, name }) => ({
        sourceName: `${sourceName}.${name}`,
        duckType,
        cell: sound(cell, 'NULL'),
        depth: depth + 1,
      }));
      return [...rest, ...members];
    });
    const problem =
      broken.length === 0
        ? 'p'
        : `CASE WHEN p <> ${notList} AND (${broken.join(' OR ')}) THEN ${keyTwice} ELSE p END AS p`;
    return await this.#written(
      `SELECT ${['r', problem, ...cellsOf(columns)].join(', ')} FROM ${rows.relation}`,
      columns,
    );
  }

  /** Makes a row of each element of the list in a column. */
  async explode(
    { settings, targetColumns }: ShapeRequest,
    rows: Rows,
    { path }: { readonly path: string },
  ): Promise<{ readonly rows: Rows; readonly total: number; readonly added: number; readonly empty: number }> {
    const kind = this.#kind;
    const at = rows.columns.findIndex(({ sourceName }) => sourceName === path);
    const column = rows.columns[at];
    // Rows that were rejected are run again with the members of their element beside them.
    const beside = rows.columns.filter(({ sourceName }) => sourceName.startsWith(`${path}.`));
    if (column === undefined) {
      if (beside.length === 0 && targetColumns === undefined) {
        throw unknownColumn(
          settings.name,
          'explode',
          path,
          rows.columns.map(({ sourceName: name }) => ({ name })),
        );
      }
    } else if (!kind.canHoldLists(column.duckType)) {
      const problem = `${path} is no list, but ${column.duckType}${column.duckType === 'JSON' ? ', for its type differs between the files' : ''}`;
      throw new NestedSourceError({ pipeline: settings.name, problem });
    }
    const cell = column?.cell ?? 'NULL';
    const isList = column === undefined ? 'false' : `coalesce(${kind.isList(cell)}, false)`;
    const isGiven = beside.length === 0 ? 'false' : `coalesce(${beside.map((one) => one.cell).join(', ')}) IS NOT NULL`;
    const elements = column === undefined ? 'NULL' : `CASE WHEN ${isList} THEN ${kind.elements(cell)} END`;
    const counted = `(SELECT *, ${elements} AS els FROM ${rows.relation})`;
    const state = `CASE WHEN coalesce(len(els), 0) > 0 THEN 0 WHEN ${cell} IS NOT NULL AND NOT ${isList} THEN ${notList} WHEN ${isGiven} THEN 0 ELSE ${noElement} END`;
    const [sums] =
      column === undefined
        ? []
        : await this.#session.rows(
            `SELECT sum(greatest(coalesce(len(els), 0), 1) - 1)::BIGINT AS added FROM ${counted}`,
          );
    const element = kind.element('el', column?.duckType ?? 'VARCHAR');
    const own: ShapedColumn = {
      sourceName: path,
      duckType: element.duckType,
      depth: 0,
      cell: `CASE WHEN ps = 0 THEN ${element.cell}${kind === jsonKind ? ` WHEN ps = ${notList} THEN ${cell}` : ''} END`,
    };
    const columns = column === undefined ? rows.columns : rows.columns.map((one, index) => (index === at ? own : one));
    const single = column === undefined ? '[NULL]' : `CASE WHEN coalesce(len(els), 0) > 0 THEN els ELSE [NULL] END`;
    const written = await this.#written(
      `SELECT ${['r', 'CASE WHEN p = 0 THEN ps ELSE p END AS p', ...cellsOf(columns)].join(', ')}
         FROM (SELECT *, unnest(${single}) AS el FROM (SELECT *, ${state} AS ps FROM ${counted}))`,
      columns,
    );
    const [counts] = await this.#session.rows(
      `SELECT count(*) AS n, count(*) FILTER (WHERE p = ${noElement}) AS empty FROM ${written.relation}`,
    );
    return { rows: written, total: Number(counts?.n), added: Number(sums?.added ?? 0), empty: Number(counts?.empty) };
  }

  async #written(select: string, columns: readonly ShapedColumn[]): Promise<Rows> {
    const path = join(this.#scratch, `shaped-${this.#files}.parquet`);
    this.#files += 1;
    await this.#session.run(`COPY (${select}) TO ${quoteText(path)} ${scratchParquet}`);
    return {
      relation: `(SELECT file_row_number + 1 AS o, * EXCLUDE (file_row_number) FROM ${parquetRows(path, { rowNumbers: true })})`,
      columns: columns.map((column, at) => ({ ...column, cell: `c${at}` })),
    };
  }
}

function cellsOf(columns: readonly ShapedColumn[]): readonly string[] {
  return columns.map(({ cell }, at) => `${cell} AS c${at}`);
}

/** Of a row that is rejected the values stay as they are, so that it can be kept as it came. */
function sound(value: string, otherwise: string): string {
  return `CASE WHEN p IN (${notList}, ${keyTwice}) THEN ${otherwise} ELSE ${value} END`;
}
