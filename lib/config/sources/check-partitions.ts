import type { z } from 'zod';
import { type LoadMode, loadModeTraits } from '../load-mode.ts';
import { checkForEach, type ForEachObject, forEachObject } from '../source-for-each.ts';
import type { Placeholder } from '../template.ts';
import type { VariableName } from '../template-words.ts';
import type { AddIssue } from './add-issue.ts';
import type { apiSourceShape } from './api.ts';
import { checkTemplates } from './check-templates.ts';

type Api = z.infer<z.ZodObject<typeof apiSourceShape>> & { readonly load_mode: LoadMode };

/** What requests are made for, and that they use it. */
export function checkPartitions(source: Api, used: readonly Placeholder[], add: AddIssue): void {
  const { for_each, incremental, parent } = source;
  if (for_each !== undefined && parent !== undefined) {
    add(['for_each'], 'does not go with parent; for_each: {endpoint: …} is the same');
  }
  const key = for_each === undefined ? 'parent' : 'for_each';
  const outermost = for_each === undefined ? parent : forEachObject(for_each);
  if (outermost === undefined) return;
  checkFields(outermost, key, used, add);
  const batches = used.filter(({ name }) => name === 'batch');
  if (batches.length === 0 && !used.some(({ name }) => name === 'parent')) {
    add([key], 'is not used: put e.g. {parent.id} into endpoint, params, headers or body');
  }
  if (outermost.skip_statuses.length > 0 && loadModeTraits[source.load_mode].deletesUnread) {
    add([key, 'skip_statuses'], `would have load_mode ${source.load_mode} delete the rows of what is left out`);
  }
  if (batches.length > 0) {
    if (used.some(({ name }) => name === 'parent') || Object.keys(outermost.include).length > 0) {
      add([key], 'has a {batch} of several values, so {parent.…} and include mean no one of them');
    }
    if (batches.some(({ size }) => size === undefined)) add([key], 'needs the size of a batch, e.g. {batch:50}');
    if (new Set(batches.map(({ size }) => size)).size > 1) add([key], 'has batches of several sizes; write one size');
    if ('query' in outermost && outermost.query !== undefined && batches.some(({ member }) => member === undefined)) {
      add([key], 'needs the column of the query that batches are of, e.g. {batch.id:50}');
    }
    if (incremental !== undefined && !loadModeTraits[source.load_mode].repeatsAreHarmless) {
      add([key], 'has batches whose values change, and with them their watermarks; use load_mode upsert');
    }
  }
  if (for_each !== undefined) checkLevels(forEachObject(for_each), ['for_each'], source, add);
  else if (parent !== undefined) checkListing(parent, ['parent'], false, add);
}

/** Fields of what requests are made for: of values they are known here, and of a level above there has to be one. */
function checkFields(
  outermost: Pick<ForEachObject, 'include'> & Partial<Pick<ForEachObject, 'values' | 'for_each'>>,
  key: string,
  used: readonly Placeholder[],
  add: AddIssue,
): void {
  const named = [
    ...used.flatMap(({ member, name, text }) => (name === 'parent' && member !== undefined ? [{ member, text }] : [])),
    ...Object.values(outermost.include).map((member) => ({ member, text: `include: ${member}` })),
  ];
  const { for_each, values } = outermost;
  const known = values?.flatMap((value) => (typeof value === 'object' ? Object.keys(value) : ['value']));
  for (const { member, text } of named) {
    if (member.startsWith('parent.')) {
      if (for_each === undefined) add([key], `has no for_each in it, so there is no level above for ${text}`);
    } else if (known !== undefined && !member.startsWith('$') && !known.includes(member)) {
      add([key], `has no ${member}, which ${text} names; its values have ${[...new Set(known)].join(', ')}`);
    }
  }
}

/** Each level, and what its requests may know of the levels above. */
function checkLevels(level: ForEachObject, under: readonly string[], source: Api, add: AddIssue): void {
  checkForEach(level, under, add);
  const outer = level.for_each === undefined ? undefined : forEachObject(level.for_each);
  if (level.endpoint !== undefined)
    checkListing({ ...level, endpoint: level.endpoint }, under, outer !== undefined, add);
  if (outer === undefined) return;
  if (outer.skip_statuses.length > 0 && loadModeTraits[source.load_mode].deletesUnread) {
    add(
      [...under, 'for_each', 'skip_statuses'],
      `would have load_mode ${source.load_mode} delete the rows of what is left out`,
    );
  }
  checkLevels(outer, [...under, 'for_each'], source, add);
}

function checkListing(
  list: Pick<ForEachObject, 'params' | 'body' | 'pagination'> & { readonly endpoint: string },
  under: readonly string[],
  hasParent: boolean,
  add: AddIssue,
): void {
  const own: readonly VariableName[] = ['now', 'run', 'env', 'secret', 'page', 'offset', 'limit', 'cursor'];
  const missing = ({ name }: Placeholder): string | undefined => {
    if (own.includes(name) || (hasParent && name === 'parent')) return undefined;
    return name === 'parent' ? 'is not known to a parent; nest a for_each in it' : 'is not known to a parent';
  };
  const used = checkTemplates({ ...list, headers: {}, missing }, under, add);
  if (hasParent && !used.some(({ name }) => name === 'parent')) {
    add([...under, 'for_each'], 'is not used: put e.g. {parent.id} into the endpoint, params or body around it');
  }
}
