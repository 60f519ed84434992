import type { AddIssue } from './add-issue.ts';

/** What is said of statuses, where several settings may say it. */
interface Statuses {
  readonly retry?: { readonly statuses: readonly number[] } | undefined;
  readonly no_rows_statuses: readonly number[];
  readonly pagination?: object | undefined;
  readonly parent?: PartitionStatuses | undefined;
}

interface PartitionStatuses {
  readonly no_rows_statuses: readonly number[];
  readonly skip_statuses: readonly number[];
}

/** A status has one meaning: one after which a request is repeated never comes to mean something else. */
export function checkStatuses(
  source: Statuses,
  partitions: PartitionStatuses | undefined,
  key: string,
  add: AddIssue,
): void {
  const { no_rows_statuses, pagination, retry } = source;
  const repeated = (status: number): boolean =>
    status === 408 || status === 429 || status >= 500 || retry?.statuses.includes(status) === true;
  const ends =
    pagination !== undefined && 'end_statuses' in pagination ? (pagination.end_statuses as readonly number[]) : [];
  for (const [path, statuses] of [
    [['no_rows_statuses'], no_rows_statuses],
    [['pagination', 'end_statuses'], ends],
    [[key, 'no_rows_statuses'], partitions?.no_rows_statuses ?? []],
    [[key, 'skip_statuses'], partitions?.skip_statuses ?? []],
  ] as const) {
    const never = statuses.find(repeated);
    if (never !== undefined) add(path, `has ${never}, after which a request is repeated, so it never means that`);
  }
  const both = partitions?.skip_statuses.find((status) => partitions.no_rows_statuses.includes(status));
  if (both !== undefined) add([key, 'skip_statuses'], `has ${both}, which no_rows_statuses has too`);
}
