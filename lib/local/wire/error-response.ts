// By hand: pg-protocol reads an ErrorResponse and cannot write one.

import { message } from './message.ts';

/** An error as DSQL words it. */
export interface DsqlError {
  readonly sqlstate: string;
  readonly message: string;
  readonly severity?: 'ERROR' | 'FATAL';
  readonly detail?: string;
  readonly hint?: string;
  /** Character of the statement, counted from 1. */
  readonly position?: number;
}

/** ErrorResponse. */
export function errorResponse(error: DsqlError): Buffer {
  const severity = error.severity ?? 'ERROR';
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['S', severity],
    ['V', severity],
    ['C', error.sqlstate],
    ['M', error.message],
    ['D', error.detail],
    ['H', error.hint],
    ['P', error.position?.toString()],
  ];
  const body = fields.flatMap(([code, value]) => (value === undefined ? [] : [`${code}${value}\0`])).join('');
  return message('E', Buffer.from(`${body}\0`));
}

/** The fields of an ErrorResponse, by their code: `C` the SQLSTATE, `M` the message, `D` the detail. */
export function errorFields(frame: Buffer): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (let at = 5; at < frame.length && frame[at] !== 0; ) {
    const end = frame.indexOf(0, at);
    fields[String.fromCharCode(frame[at] ?? 0)] = frame.toString('utf8', at + 1, end);
    at = end + 1;
  }
  return fields;
}

/**
 * An ErrorResponse or NoticeResponse without what shows that a function of the guard's own raised it: the context, the
 * function's own statement and its place, and PostgreSQL's source file.
 */
export function withoutOwnContext(frame: Buffer): Buffer {
  const fields = errorFields(frame);
  // Clients cannot make functions in PL/pgSQL, so that those are the guard's.
  if (!/PL\/pgSQL function|\b(dsql_|builtin_)/.test(`${fields.W ?? ''} ${fields.q ?? ''}`)) return frame;
  const kept = Object.entries(fields).filter(([code]) => !'WqpFLR'.includes(code));
  const body = kept.map(([code, value]) => `${code}${value}\0`).join('');
  return message(String.fromCharCode(frame[0] ?? 0), Buffer.from(`${body}\0`));
}
