import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

export type Loose = Readonly<Record<string, unknown>>;

/** What a request asks for, and where the API stands. */
export interface Asked {
  readonly query: URLSearchParams;
  /** The body as JSON, `{}` where there is none; numbers beyond 2^53 are in `raw` only. */
  readonly body: Loose;
  readonly raw: string;
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly origin: string;
}

export interface Answer {
  readonly body: unknown;
  readonly headers?: OutgoingHttpHeaders;
  readonly status?: number;
}

/** How a public API deals out its rows, in a small copy: seven rows, three a page unless it says otherwise. */
export interface Shape {
  readonly answer: (asked: Asked) => Answer;
  /** Where its rows are; without it the default. */
  readonly rows?: string;
  /** Settings besides, which a person who reads its documentation would make. */
  readonly tuned: Loose;
  /** Settings of the naked pipeline besides `records_path`. */
  readonly naked?: Loose;
  /** How many rows it has in all; 7 where it is not said. */
  readonly count?: number;
  /** How many of them are rows to one who knows its documentation. */
  readonly tunedCount?: number;
}

export const size = 3;
export const total = 7;
/** The rows that all copies have; a test may have others come in their place, as many. */
export const stock: { rows: readonly Loose[] } = {
  rows: Array.from({ length: total }, (_, index) => ({ id: index + 1, name: `n${index + 1}` })),
};
export const page = (from: number): readonly Loose[] => stock.rows.slice(from, from + size);
export const more = (from: number): boolean => from + size < total;
export const number = (query: URLSearchParams, name: string, other: number): number => Number(query.get(name) ?? other);
export const post = { method: 'POST' };
export const cursor = (cursor_param: string, cursor_path: string, besides: Loose = {}): Loose => ({
  pagination: { type: 'cursor', cursor_param, cursor_path, ...besides },
});
