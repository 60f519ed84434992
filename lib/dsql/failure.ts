/**
 * What to do about an error of the database. One table, matched from the top; the first line that fits decides.
 *
 * - `conflict`: nothing was written; the same transaction may pass.
 * - `unknown`: the connection or the server failed, and a COMMIT under way may or may not have taken effect.
 * - `refused_row`: a row's data is at fault; the batch without it would pass.
 * - `too_large`: the transaction as a whole is at fault; a smaller one may pass.
 * - `denied`: the token or the role is at fault.
 * - `refused`: anything else; a repetition fails the same way.
 */
export type FailureClass = 'conflict' | 'unknown' | 'refused_row' | 'too_large' | 'denied' | 'refused';

interface FailureLine {
  readonly code?: RegExp;
  readonly message?: RegExp;
  readonly class: FailureClass;
  readonly source: string;
}

const failureTable: readonly FailureLine[] = [
  // 40001 with OC000 (data) or OC001 (schema); preview texts differ, so the marker is matched. User guide, "Concurrency control".
  { code: /^40001$/, class: 'conflict', source: 'DSQL user guide, concurrency control' },
  { message: /\bOC00[01]\b/, class: 'conflict', source: 'aurora-dsql-connectors, occ-retry' },
  { code: /^OC00[01]$/, class: 'conflict', source: 'aurora-dsql-connectors, occ-retry' },
  { code: /^40P01$/, class: 'conflict', source: 'PostgreSQL, appendix A; DSQL has no locks, other servers do' },
  // PostgreSQL's catalog has no snapshot: of two who CREATE … IF NOT EXISTS or GRANT at once, one is told of the other by these.
  {
    code: /^23505$/,
    message: /"pg_(type_typname|class_relname)_nsp_index"/,
    class: 'conflict',
    source: 'two CREATE TABLE of one name, as observed on the local DSQL',
  },
  {
    code: /^(42710|42P07)$/,
    message: /^(type|relation) /,
    class: 'conflict',
    source: 'two CREATE TABLE IF NOT EXISTS of one name, as observed on the local DSQL',
  },
  { message: /tuple concurrently updated/, class: 'conflict', source: 'two GRANTs on one table, PostgreSQL heapam.c' },
  {
    code: /^(0A000|26000)$/,
    message: /cached plan must not change result type|prepared statement .* does not exist/,
    class: 'conflict',
    source: 'PostgreSQL plancache.c and prepare.c: a table changed under a statement that the connection had parsed',
  },
  // A restarted or unavailable server; the outcome of a COMMIT is unknown.
  { message: /server unavailable/, class: 'unknown', source: 'DSQL user guide 2026-09-08: XX000 server unavailable' },
  { message: /waking up cluster/, class: 'unknown', source: 'DSQL troubleshooting: inactive cluster' },
  { code: /^(08|57P)/, class: 'unknown', source: 'PostgreSQL, appendix A: connection and operator classes' },
  { code: /^(53300|53400)$/, class: 'unknown', source: 'DSQL quotas: connections and connection rate' },
  {
    code: /^(CONNECTION_|CONNECT_|ECONN|EPIPE|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN)/,
    class: 'unknown',
    source: 'postgres and Node: lost or refused connections',
  },
  {
    message: /transaction age limit/,
    class: 'unknown',
    source: 'DSQL quotas: 300 s; a stalled network, so again on a new transaction',
  },
  // Access.
  { code: /^(28|42501)/, class: 'denied', source: 'PostgreSQL, appendix A: authorization' },
  {
    message: /access denied/,
    class: 'denied',
    source: 'DSQL troubleshooting: unable to accept connection, access denied',
  },
  // Limits that a smaller transaction may keep.
  { code: /^54000$/, message: /transaction (row|size) limit/, class: 'too_large', source: 'DSQL quotas' },
  { code: /^53200$/, class: 'too_large', source: 'DSQL quotas: temporary memory' },
  { code: /^54000$/, message: /temp space/, class: 'too_large', source: 'DSQL quotas: temporary memory, as observed' },
  // Data: what the row holds does not fit type, constraint or size.
  { code: /^(22|23|21000)/, class: 'refused_row', source: 'PostgreSQL, appendix A: data and integrity classes' },
  { code: /^54000$/, class: 'refused_row', source: 'DSQL quotas: row, column and key sizes' },
];

/** The parts of a driver's error that decide. */
export interface DatabaseFailure {
  readonly class: FailureClass;
  /** SQLSTATE, or the driver's code of a connection error. */
  readonly code: string | undefined;
  /** The database's own words. */
  readonly words: string;
}

/** Classifies what the driver threw; looks through `cause`, because wrappers hide the code (as some ORMs do). */
export function classifyFailure(thrown: unknown): DatabaseFailure {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth += 1) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
    const line = failureTable.find(
      (candidate) =>
        (candidate.code === undefined || (code !== undefined && candidate.code.test(code))) &&
        (candidate.message === undefined || candidate.message.test(error.message)),
    );
    if (line !== undefined) return { class: line.class, code, words: error.message };
    if (code !== undefined) return { class: 'refused', code, words: error.message };
  }
  return { class: 'refused', code: undefined, words: thrown instanceof Error ? thrown.message : String(thrown) };
}

/** A conflict with a change of the schema (OC001), and not with another transaction's data. */
export function isSchemaChange({ class: kind, code, words }: DatabaseFailure): boolean {
  return kind === 'conflict' && (code === 'OC001' || /\bOC001\b/.test(words));
}
