import type { PaginationSettings } from '../../config/source-pagination.ts';
import type { RowGate } from '../incremental/row-gate.ts';
import type { IncrementalScope } from '../incremental/scope.ts';
import { PartWriter } from '../part-writer.ts';
import type { ApiExtraction } from './api-extraction.ts';
import { ChildSpool } from './child-spool.ts';
import { ApiStatusError } from './errors.ts';
import { firstPosition, type PagePosition } from './page-position.ts';
import { rowWithParent } from './parent-fields.ts';
import type { ParentMarks } from './parent-marks.ts';
import type { Partitions } from './partitions/partitions.ts';
import { type Partition, remainingPartitions } from './partitions/remaining-partitions.ts';
import { positionAfter, type Sequence } from './sequence.ts';
import { sequenceOf } from './sequence-of.ts';
import type { RequestTexts } from './template/request-template.ts';

/** One parent whose rows are being read. */
interface Child {
  /** What tells its parent from others. */
  readonly key: string;
  /** Of an incremental source. */
  readonly scope: IncrementalScope | undefined;
  readonly spool: ChildSpool;
  /** Digests of its pages in order, and their bytes. */
  readonly digests: string[];
  bytes: number;
  readonly warnings: string[];
  recognised: PaginationSettings | undefined;
  /** Where its next page is; null when it is done. */
  position: PagePosition | null;
  /** Settles when it is done, or cannot go on; never rejects. */
  finished: Promise<void>;
  /** Its rows are left out. */
  skipped: boolean;
  failure: unknown;
}

/**
 * Reads the rows of each parent: several parents at once, and their rows one after the other in the parents' order, so
 * that every run cuts the same parts.
 *
 * @param concurrency  parents under way at once
 * @throws  what the first parent in order threw; the rows of those before it are kept
 */
export async function readChildren(
  extraction: ApiExtraction,
  partitions: Partitions,
  texts: RequestTexts,
  marks: ParentMarks | undefined,
  concurrency: number,
): Promise<void> {
  const decorate = rowWithParent(partitions.include);
  const waiting: Child[] = [];
  const remaining = remainingPartitions(extraction, partitions);
  let exhausted = false;
  let started = extraction.cursor.parents?.done ?? 0;

  const start = ({ batch, fields, key }: Partition): Child => {
    const index = started;
    started += 1;
    const scope = marks?.scopeOf(key);
    const sequence = sequenceOf(extraction, texts, scope, { parent: fields, batch });
    const first = index === (extraction.cursor.parents?.done ?? 0) ? extraction.cursor.position : firstPosition;
    const child = newChild(extraction, index, first, key, scope);
    child.finished = readChild(partitions, child, sequence, (line) => decorate(line, fields));
    return child;
  };

  try {
    while (extraction.cursor.position !== null) {
      while (!exhausted && waiting.length < concurrency) {
        const { done, value } = await remaining.next();
        if (done === true) exhausted = true;
        else waiting.push(start(value));
      }
      const first = waiting.shift();
      if (first === undefined) {
        extraction.cursor = { ...extraction.cursor, position: null };
        return;
      }
      await first.finished;
      await takeOver(extraction, first);
      if (first.failure !== undefined) throw first.failure;
      await extraction.saveIfDue();
    }
  } finally {
    extraction.client.stop();
    for (const child of waiting) {
      await child.finished;
      await child.spool.discard();
    }
  }
}

function newChild(
  extraction: ApiExtraction,
  index: number,
  position: PagePosition | null,
  key: string,
  scope: IncrementalScope | undefined,
): Child {
  const { prefix, store } = extraction.request;
  const location = `${prefix}/raw/child-${String(index).padStart(7, '0')}.ndjson`;
  const disk = new PartWriter(store, () => location, 0, Infinity);
  const spool = new ChildSpool(disk, () => store.scratchPath(location));
  return {
    key,
    scope,
    spool,
    digests: [],
    bytes: 0,
    warnings: [],
    recognised: undefined,
    position,
    finished: Promise.resolve(),
    skipped: false,
    failure: undefined,
  };
}

async function readChild(
  { noRowsStatuses, skipStatuses }: Partitions,
  child: Child,
  sequence: Sequence,
  decorate: (line: Buffer) => Buffer,
): Promise<void> {
  try {
    while (child.position !== null) {
      const sink = child.spool.page(child.position.rows, decorate);
      const { content, digests, next, recognised, warnings } = await sequence.read(child.position, sink, () => false);
      child.digests.push(...digests);
      child.bytes += content.bytes;
      child.warnings.push(...warnings);
      child.recognised ??= recognised;
      child.position = next;
    }
  } catch (thrown) {
    // Of a later page such a status says that rows are missing which the pages before promised.
    const status = thrown instanceof ApiStatusError && child.position?.page === 1 ? thrown.status : undefined;
    const isSkipped = status !== undefined && skipStatuses.includes(status);
    if (isSkipped || (status !== undefined && noRowsStatuses.includes(status))) {
      child.skipped = isSkipped;
      child.position = null;
    } else {
      child.failure = thrown;
      if (child.position !== null) child.position = positionAfter(thrown, child.position);
    }
  }
}

/** Moves a child's whole pages into the parts, and the cursor behind them. */
async function takeOver(extraction: ApiExtraction, child: Child): Promise<void> {
  const { done = 0, ...parents } = extraction.cursor.parents ?? { locations: [], listed: true, count: 0 };
  const finished = child.position === null;
  const gate = child.scope === undefined ? undefined : extraction.enter(child.scope);
  async function* lines(): AsyncGenerator<Buffer> {
    if (finished) yield* extraction.heldLines();
    yield* child.spool.lines();
  }
  // Only when all of its rows are there it is known which of those at its watermark are new.
  if (finished && gate !== undefined) await child.scope?.settle(gate, lines);
  const sink = extraction.sink(0);
  let ordinal = 0;
  for (const { ordinal: at, raw, reason } of child.spool.rejected) sink.reject(raw, at, reason);
  let pending = 0;
  for await (const line of lines()) {
    ordinal += 1;
    if (sink.enough || !sink.row(line, ordinal)) break;
    pending += line.length;
    if (pending > 1024 * 1024) {
      await sink.flush();
      pending = 0;
    }
  }
  await sink.flush();
  const position = finished ? firstPosition : child.position;
  extraction.keep(
    sink,
    { bytes: child.bytes, digests: child.digests },
    {
      position: sink.enough ? null : position,
      parents: { ...parents, done: finished ? done + 1 : done },
    },
  );
  extraction.warn(child.warnings);
  extraction.recognise(child.recognised);
  if (child.skipped) extraction.warn([skippedWarning]);
  else if (finished && gate !== undefined && child.scope !== undefined) leave(extraction, child.key, child.scope, gate);
  await child.spool.discard();
}

const skippedWarning =
  'The rows of parents are left out for which the API answered with one of skip_statuses. Their watermarks stay as they were.';

/** Keeps how far the rows of a parent were read; the next parent begins anew. */
function leave(extraction: ApiExtraction, key: string, scope: IncrementalScope, gate: RowGate): void {
  const { cursor } = extraction;
  extraction.warn(scope.aheadWarnings(cursor.progress));
  const mark = scope.markAfter(cursor.progress, gate.added);
  const parents =
    mark === undefined || cursor.parents === undefined
      ? cursor.parents
      : { ...cursor.parents, marks: { ...cursor.parents.marks, [key]: mark } };
  const progress = { held: [], already_loaded: cursor.progress.already_loaded };
  extraction.cursor = { ...extraction.cursor, parents, progress };
}
