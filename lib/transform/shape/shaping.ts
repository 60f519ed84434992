import { join } from 'node:path';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { parquetRows } from '../../duckdb/parquet-rows.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { NestedSourceError } from '../errors.ts';
import { unknownColumn } from '../find-column.ts';
import type { RawRows } from '../read/raw-rows.ts';
import type { TransformRequest } from '../request.ts';
import { scratchParquet } from '../scratch-parquet.ts';
import { jsonKind } from './json-kind.ts';
import { type MemberEvidence, noMembers, type ShapeEvidence } from './member-evidence.ts';
import type { Members, NestedKind, ShapedColumn } from './nested-kind.ts';

/** What decides about the shape of rows. */
export type ShapeRequest = Pick<TransformRequest, 'settings' | 'targetColumns'>;

/** Rows on their way: a relation with `o`, `r`, `p` and the cells of the columns by the names `c0`, `c1`, … */
export interface ShapingRows {
  readonly relation: string;
  readonly columns: readonly ShapedColumn[];
}

/** How the objects of columns are found. */
export interface ShapeKnowledge {
  /** What all rows say of the columns, where these are only some of them. */
  readonly known?: ShapeEvidence | undefined;
  /** Other rows may have columns that these have not. */
  readonly isPiece: boolean;
}

/** What is wrong with a row's record, by the code that stands in `p`; 0 is nothing. */
export const rowProblems = { notList: 1, noElement: 2, keyTwice: 3 } as const;

const { keyTwice, noElement, notList } = rowProblems;

/** The steps by which rows are shaped, each of which writes a file that the next one reads. */
export class Shaping {
  /** What the rows have said of the columns that were asked. */
  readonly evidence: ShapeEvidence = [];
  readonly #session: DuckDbSession;
  readonly #kind: NestedKind;
  readonly #scratch: string;
  readonly #isPiece: boolean;
  readonly #known: ReadonlyMap<string, MemberEvidence> | undefined;
  #files = 0;

  constructor(session: DuckDbSession, kind: NestedKind, scratch: string, { isPiece, known }: ShapeKnowledge) {
    this.#session = session;
    this.#kind = kind;
    this.#scratch = scratch;
    this.#isPiece = isPiece;
    this.#known = known === undefined ? undefined : new Map(known.map(({ of, path }) => [keyOf(path), of]));
  }

  /** Spreads the objects that lead to a list, unless the record has a column by its whole path. */
  async spreadPath(rows: ShapingRows, path: string): Promise<ShapingRows> {
    if (rows.columns.some(({ sourceName }) => sourceName === path)) return rows;
    const names = path.split('.');
    let spread = rows;
    for (let length = 1; length < names.length; length += 1) {
      const outer = names.slice(0, length).join('.');
      spread = await this.spread(spread, ({ sourceName }) => sourceName === outer);
    }
    return spread;
  }

  /** Makes columns of the members of objects. @returns the same rows where there is no object */
  async spread(rows: ShapingRows, wanted: (column: ShapedColumn) => boolean): Promise<ShapingRows> {
    const asked = rows.columns.filter((column) => !column.isTakenApart && wanted(column));
    const found = await this.#members(rows.relation, asked);
    if (found.size === 0) return rows;
    const broken = [...found.values()].flatMap((one) => one.broken ?? []);
    const columns = rows.columns.flatMap((column): readonly ShapedColumn[] => {
      const { depth, path, sourceName } = column;
      const own = found.get(column);
      if (own === undefined) return [column];
      const rest = own.rest === undefined ? [] : [{ ...column, cell: own.rest, isTakenApart: true }];
      const members = own.members.map(({ cell, duckType, name }) => ({
        sourceName: `${sourceName}.${name}`,
        path: [...path, name],
        duckType,
        cell,
        depth: depth + 1,
        isTakenApart: false,
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
    request: ShapeRequest,
    rows: ShapingRows,
    path: string,
  ): Promise<{ readonly rows: ShapingRows; readonly total: number; readonly added: number; readonly empty: number }> {
    const kind = this.#kind;
    const at = rows.columns.findIndex(({ sourceName }) => sourceName === path);
    const column = rows.columns[at];
    // Rows that were rejected are run again with the members of their element beside them.
    const beside = rows.columns.filter(({ sourceName }) => sourceName.startsWith(`${path}.`));
    this.#checkList(request, rows, path);
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
      path: column?.path ?? [],
      duckType: element.duckType,
      depth: 0,
      isTakenApart: false,
      // What is no list is rejected with its value as it came.
      whole: kind === jsonKind ? `p = ${notList}` : undefined,
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

  /** @throws where the source cannot have the list that the configuration names */
  #checkList({ settings, targetColumns }: ShapeRequest, { columns }: ShapingRows, path: string): void {
    const found = columns.filter(({ sourceName }) => sourceName === path);
    const [column] = found;
    const fail = (problem: string): never => {
      throw new NestedSourceError({ pipeline: settings.name, problem });
    };
    if (column === undefined) {
      const isBeside = columns.some(({ sourceName }) => sourceName.startsWith(`${path}.`));
      if (this.#isPiece || isBeside || targetColumns !== undefined) return;
      throw unknownColumn(
        settings.name,
        'explode',
        path,
        columns.map(({ sourceName: name }) => ({ name })),
      );
    }
    if (found.length > 1 && !this.#isPiece) {
      fail(`explode names ${path}, which the source has twice, once by a name with a dot in it`);
    }
    if (!this.#kind.canHoldLists(column.duckType)) {
      fail(
        `${path} is no list, but ${column.duckType}${column.duckType === 'JSON' ? ', for its type differs between the files' : ''}`,
      );
    }
  }

  async #members(relation: string, columns: readonly ShapedColumn[]): Promise<ReadonlyMap<ShapedColumn, Members>> {
    const known = this.#known;
    const evidence =
      known === undefined
        ? await this.#kind.survey(this.#session, relation, columns)
        : columns.map(({ path }) => known.get(keyOf(path)) ?? noMembers);
    const found = new Map<ShapedColumn, Members>();
    for (const [at, column] of columns.entries()) {
      const of = evidence[at] ?? noMembers;
      this.evidence.push({ path: [...column.path], of });
      if (of.objects) found.set(column, this.#kind.members(column, of));
    }
    return found;
  }

  async #written(select: string, columns: readonly ShapedColumn[]): Promise<ShapingRows> {
    const path = join(this.#scratch, `shaped-${this.#files}.parquet`);
    this.#files += 1;
    await this.#session.run(`COPY (${select}) TO ${quoteText(path)} ${scratchParquet()}`);
    return {
      relation: `(SELECT file_row_number + 1 AS o, * EXCLUDE (file_row_number) FROM ${parquetRows(path, { rowNumbers: true })})`,
      columns: columns.map((column, at) => ({ ...column, cell: `c${at}` })),
    };
  }
}

function keyOf(path: readonly string[]): string {
  return JSON.stringify(path);
}

function cellsOf(columns: readonly ShapedColumn[]): readonly string[] {
  return columns.map(({ cell }, at) => `${cell} AS c${at}`);
}

/** The rows before any step. */
export function rowsToShape({ columns, relation }: Pick<RawRows, 'columns' | 'relation'>): ShapingRows {
  return {
    relation: `(SELECT *, o AS r, 0 AS p FROM ${relation})`,
    columns: columns.map(({ duckType, sourceName }, at) => ({
      sourceName,
      path: [String(at)],
      duckType,
      cell: `c${at}`,
      depth: 0,
      isTakenApart: false,
    })),
  };
}
