import type { IncrementalSettings } from '../source-incremental.ts';
import type { PaginationSettings } from '../source-pagination.ts';
import type { AddIssue } from './add-issue.ts';

/** A setting that names a parameter, where it is sent. */
interface Named {
  readonly path: readonly string[];
  readonly place: string;
  readonly name: string;
}

/** Two settings that write one parameter: the later would overwrite the earlier. */
export function checkParameters(
  source: {
    readonly pagination?: PaginationSettings | undefined;
    readonly incremental?: IncrementalSettings | undefined;
  },
  add: AddIssue,
): void {
  const seen = new Map<string, Named>();
  for (const named of [...pageParameters(source.pagination), ...boundParameters(source.incremental)]) {
    const key = `${named.place} ${named.place === 'header' ? named.name.toLowerCase() : named.name}`;
    const other = seen.get(key);
    if (other !== undefined) add(named.path, `is "${named.name}", which ${other.path.join('.')} is too`);
    seen.set(key, named);
  }
}

function pageParameters(pagination: PaginationSettings | undefined): readonly Named[] {
  if (pagination === undefined || !('in' in pagination)) return [];
  return Object.entries(pagination).flatMap(([key, name]) =>
    key.endsWith('_param') && typeof name === 'string'
      ? [{ path: ['pagination', key], place: pagination.in, name }]
      : [],
  );
}

function boundParameters(incremental: IncrementalSettings | undefined): readonly Named[] {
  return (['start_param', 'end_param'] as const).flatMap((key) => {
    const name = incremental?.[key];
    return incremental === undefined || name === undefined
      ? []
      : [{ path: ['incremental', key], place: incremental.in, name }];
  });
}
