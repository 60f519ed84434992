import { loadModeTraits } from '../config/load-mode.ts';
import { parseTableName } from '../dsql/identifier.ts';
import { runStatement } from '../dsql/target.ts';
import { S3MissingError } from '../extract/file/errors.ts';
import { pinObjects } from '../extract/file/pin-objects.ts';
import type { PinnedFile, RunObjects } from '../extract/request.ts';
import { describeTable } from '../load/target-table.ts';
import { type Fence, fenced } from '../state/fence.ts';
import {
  allTaken,
  changeObjects,
  contentsLoaded,
  correctContent,
  readObjects,
  type WaitingObject,
} from '../state/landed-object.ts';
import { chooseObjects, type ObjectLimits } from './object-choice.ts';
import type { RunContext } from './run-context.ts';

/** An object that a run has taken and does not read, and why. */
interface UnreadObject {
  readonly object: WaitingObject;
  readonly reason: string;
}

/** Taken objects without a run come again after this time; a run that ends says itself when. */
const unsettledMinutes = 5;

/** More objects than this are counted, not named. */
const maxNamed = 20;

/**
 * Takes the pipeline's objects that wait for a run, in the order of their events and as many as fit into one; or those
 * that the run before had taken and not loaded, exactly, so that it is gone on with. Objects that have nothing to load are
 * passed over: deleted, empty, written again since, loaded already.
 *
 * @returns none where no object waits, or all were passed over
 * @throws {LeaseLostError} and what looking at the objects throws
 * Killed midway: some are taken; a repeat takes the same.
 */
export async function gatherObjects(
  context: RunContext,
  fence: Fence,
  runId: string,
  limits: ObjectLimits,
): Promise<RunObjects> {
  const taken = await takeObjects(context, fence, runId, limits);
  const traits = loadModeTraits[context.pipeline.settings.load_mode];
  const unread: UnreadObject[] = [];
  const passed: UnreadObject[] = [];
  const present = await pinTaken(context, withoutFormer(taken, traits.deletesUnread, unread), passed);
  const fresh = traits.repeatsAreHarmless ? present : await withoutLoaded(context, present, passed);
  const read = traits.repeatsAreHarmless ? fresh : withoutCopies(fresh, unread);
  await noteReading(context, fence, { runId, passed, read });
  // What was to be read is gone; others that the run has taken may count now.
  if (read.length === 0 && passed.length > 0 && taken.length > passed.length) {
    return await gatherObjects(context, fence, runId, limits);
  }
  return { files: read.map(({ file }) => file), warnings: warningsOf([...passed, ...unread]) };
}

/** A taken object, and its content as it is now. */
interface PinnedObject {
  readonly object: WaitingObject;
  readonly file: PinnedFile;
}

async function takeObjects(
  context: RunContext,
  fence: Fence,
  runId: string,
  limits: ObjectLimits,
): Promise<readonly WaitingObject[]> {
  const { name } = context.pipeline;
  const read = async (status: 'taken' | 'waiting'): Promise<readonly WaitingObject[]> =>
    await runStatement('Reading the objects', context.target, () =>
      readObjects(context.target.sql, name, status, status === 'taken' ? allTaken : limits.maxObjects),
    );
  const before = await read('taken');
  const objects = before.length > 0 ? before : chooseObjects(await read('waiting'), limits);
  const change = { to: 'taken', objectIds: objects.map(({ objectId }) => objectId), runId } as const;
  const from = before.length > 0 ? ('taken' as const) : ('waiting' as const);
  await fenced('Taking objects', context.target, fence, (transaction) =>
    changeObjects(transaction, name, { ...change, from, delayMinutes: unsettledMinutes }),
  );
  return objects;
}

/**
 * Of one key the last event counts, for what is read is what lies there now; of a replaced table only the last object.
 * The others stay with the run: they are done when it has loaded, and come again when it has not.
 */
function withoutFormer(
  taken: readonly WaitingObject[],
  replaces: boolean,
  unread: UnreadObject[],
): readonly WaitingObject[] {
  const last = taken.at(-1);
  const newest = new Map(taken.map((object) => [pathOf(object), object]));
  return taken.filter((object) => {
    const newer = newest.get(pathOf(object)) !== object;
    const replaced = replaces && last !== undefined && object !== last;
    if (newer) unread.push({ object, reason: 'it was written again, and is read once' });
    else if (replaced) unread.push({ object, reason: `the table is replaced by ${pathOf(last)}` });
    return !newer && !replaced;
  });
}

async function pinTaken(
  { s3 }: RunContext,
  objects: readonly WaitingObject[],
  passed: UnreadObject[],
): Promise<readonly PinnedObject[]> {
  const [first] = objects;
  if (first === undefined) return [];
  if (s3 === undefined) throw new S3MissingError(pathOf(first));
  const files = await pinObjects(s3, objects);
  return objects.flatMap((object, index) => {
    const file = files[index];
    if (file !== undefined && file.bytes > 0) return [{ object, file }];
    passed.push({ object, reason: file === undefined ? 'it was deleted before it was read' : 'it is empty' });
    return [];
  });
}

/** Where rows are only added, content that is in the table already is passed over. */
async function withoutLoaded(
  { pipeline, target }: RunContext,
  objects: readonly PinnedObject[],
  passed: UnreadObject[],
): Promise<readonly PinnedObject[]> {
  const loaded = await runStatement('Reading the objects', target, async () => {
    const table = await describeTable(target.sql, parseTableName(pipeline.settings.target_table));
    const etags = objects.flatMap(({ file }) => etagOf(file) ?? []);
    return table === undefined ? undefined : await contentsLoaded(target.sql, pipeline.name, table.id, etags);
  });
  return objects.filter(({ file, object }) => {
    const run = loaded?.get(contentOf(file));
    if (run !== undefined) passed.push({ object, reason: `the same content was loaded by run ${run}` });
    return run === undefined;
  });
}

function withoutCopies(objects: readonly PinnedObject[], unread: UnreadObject[]): readonly PinnedObject[] {
  const seen = new Map<string, string>();
  return objects.filter(({ file, object }) => {
    const first = seen.get(contentOf(file));
    if (first !== undefined) unread.push({ object, reason: `it has the same content as ${first}` });
    else seen.set(contentOf(file), pathOf(object));
    return first === undefined;
  });
}

async function noteReading(
  { pipeline: { name }, target }: RunContext,
  fence: Fence,
  {
    passed,
    read,
    runId,
  }: { readonly runId: string; readonly passed: readonly UnreadObject[]; readonly read: readonly PinnedObject[] },
): Promise<void> {
  const changed = read.filter(({ file, object }) => object.etag !== etagOf(file) || object.bytes !== file.bytes);
  if (passed.length + changed.length === 0) return;
  await fenced('Passing over objects', target, fence, async (transaction) => {
    for (const reason of new Set(passed.map((one) => one.reason))) {
      const objectIds = passed.filter((one) => one.reason === reason).map(({ object }) => object.objectId);
      await changeObjects(transaction, name, { from: 'taken', to: 'passed_over', objectIds, runId, reason });
    }
    for (const { file, object } of changed) {
      await correctContent(transaction, name, { ...object, etag: etagOf(file), bytes: file.bytes });
    }
  });
}

function warningsOf(unread: readonly UnreadObject[]): readonly string[] {
  const named = unread.slice(0, maxNamed).map(({ object, reason }) => `${pathOf(object)} was not read: ${reason}.`);
  const others = unread.length - named.length;
  return others === 0 ? named : [...named, `${others} more objects were not read; see etl_object.`];
}

function contentOf(file: PinnedFile): string {
  return `${etagOf(file)}:${file.bytes}`;
}

/** As events have it, without quotes. */
function etagOf({ etag }: PinnedFile): string | null {
  return etag?.replaceAll('"', '') ?? null;
}

function pathOf({ bucket, key }: WaitingObject): string {
  return `s3://${bucket}/${key}`;
}

/** Passes over all that a run has taken, because there is nothing to load of it. */
export async function passOverTaken(context: RunContext, fence: Fence, runId: string, reason: string): Promise<void> {
  const { name } = context.pipeline;
  await fenced('Passing over objects', context.target, fence, async (transaction) => {
    const taken = await readObjects(transaction, name, 'taken', allTaken);
    const objectIds = taken.map(({ objectId }) => objectId);
    await changeObjects(transaction, name, { from: 'taken', to: 'passed_over', objectIds, runId, reason });
  });
}
