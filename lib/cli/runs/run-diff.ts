import type { RunReport } from '../../report/run-report.ts';
import { comparedColumns } from '../../state/run-list.ts';
import { listLines } from '../terminal-text.ts';

/** One thing that two runs did differently. */
export interface Difference {
  readonly what: string;
  /** Null where the run has nothing of it. */
  readonly first: string | null;
  readonly second: string | null;
}

/** What the first run did and the second did not, or did in another way. */
export function differences(first: RunReport, second: RunReport): readonly Difference[] {
  const values = comparedColumns.map((what) => ({ what, first: first.run[what], second: second.run[what] }));
  return [
    ...values,
    ...unlike('type of', typesOf(first), typesOf(second)),
    ...unlike('rejected for', reasonsOf(first), reasonsOf(second)),
    ...unlike('bytes of', sourcesOf(first), sourcesOf(second)),
  ].filter((one) => one.first !== one.second);
}

function unlike(
  what: string,
  first: ReadonlyMap<string, string>,
  second: ReadonlyMap<string, string>,
): readonly Difference[] {
  return [...new Set([...first.keys(), ...second.keys()])].map((name) => ({
    what: `${what} ${name}`,
    first: first.get(name) ?? null,
    second: second.get(name) ?? null,
  }));
}

function typesOf({ details }: RunReport): ReadonlyMap<string, string> {
  return new Map(details?.columns.map(({ name, type }) => [name, type]));
}

function reasonsOf({ rejected }: RunReport): ReadonlyMap<string, string> {
  return new Map(
    rejected.map(({ column_name: column, reason, rows }) => [
      column === null ? reason : `${column}: ${reason}`,
      String(rows),
    ]),
  );
}

function sourcesOf({ details }: RunReport): ReadonlyMap<string, string> {
  return new Map(details?.sources.map(({ bytes, source }) => [source, String(bytes)]));
}

/** The differences as lines for a person. */
export function diffLines(first: RunReport, second: RunReport, found: readonly Difference[]): readonly string[] {
  const id = ({ run }: RunReport): string => run.run_id?.slice(0, 8) ?? '';
  if (found.length === 0) return [`Runs ${id(first)} and ${id(second)} did the same.`];
  const rows = found.map((one) => [one.what, one.first ?? '–', one.second ?? '–']);
  return listLines([{ head: '' }, { head: id(first) }, { head: id(second) }], rows, Number.POSITIVE_INFINITY);
}
