import { arrayLiteral } from '../dsql/array-literal.ts';
import type { Sql, Transaction } from '../dsql/connect.ts';
import type { Statements } from '../dsql/sql.ts';
import { runStatement, type Target } from '../dsql/target.ts';
import type { RowOf, TableDefinition } from './table-definition.ts';

/**
 * What becomes of an object that landed in S3: it waits, a run takes it, and it is loaded; or it has nothing to load and
 * is passed over; or it is set aside, because no run could load it.
 */
type ObjectStatus = 'waiting' | 'taken' | 'loaded' | 'passed_over' | 'set_aside';

/**
 * A row for each event of an object that landed. The status is a part of the key, so that those that wait are found
 * without those of former years.
 */
export const landedObject = {
  name: 'etl_object',
  columns: {
    pipeline_name: { type: 'text', required: true },
    status: { type: 'text', required: true },
    /** Names the event for good: the same event that comes twice has the same. */
    object_id: { type: 'text', required: true },
    bucket: { type: 'text', required: true },
    object_key: { type: 'text', required: true },
    version_id: { type: 'text' },
    /** Orders the events of one key, as S3 gives it. */
    sequencer: { type: 'text' },
    etag: { type: 'text' },
    bytes: { type: 'bigint' },
    event_time: { type: 'timestamptz', required: true },
    /** The run that has taken, loaded or passed over the object. */
    run_id: { type: 'text' },
    /** How many objects a run with this one may have at most, after a run with more has failed. */
    together: { type: 'integer' },
    /** Runs with this object alone that have failed because of it. */
    tries: { type: 'integer' },
    /** Failed runs with this object, whatever the reason. */
    failures: { type: 'integer' },
    /** No run begins with the object before. */
    not_before: { type: 'timestamptz' },
    /** Why it was passed over or set aside. */
    reason: { type: 'text' },
    noted_at: { type: 'timestamptz', required: true, default: 'CURRENT_TIMESTAMP' },
    /** When the status last changed. */
    changed_at: { type: 'timestamptz' },
  },
  primaryKey: ['pipeline_name', 'status', 'object_id'],
} as const satisfies TableDefinition;

type ObjectRow = RowOf<typeof landedObject>;

/** An object that landed, as its event tells. */
export interface LandedObject {
  readonly objectId: string;
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly sequencer?: string | undefined;
  /** Without quotes. */
  readonly etag?: string | undefined;
  readonly bytes: number;
  /** ISO 8601. */
  readonly eventTime: string;
}

/** An object that waits, or that a run has taken. */
export interface WaitingObject extends Pick<ObjectRow, 'together' | 'tries' | 'failures' | 'etag'> {
  readonly objectId: string;
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
}

/** Rows of one transaction; DSQL allows 3,000, and changing a key counts twice. */
const rowsAtOnce = 1_000;

/**
 * Notes objects that landed, in transactions of 1,000; those that are known already stay as they are. Safe to repeat.
 *
 * @returns how many are new
 * Killed midway: some are noted; a repeat notes the others.
 */
export async function noteObjects(
  target: Target,
  pipelineName: string,
  objects: readonly LandedObject[],
): Promise<number> {
  let noted = 0;
  for (let at = 0; at < objects.length; at += rowsAtOnce) {
    const some = objects.slice(at, at + rowsAtOnce);
    const column = (pick: (object: LandedObject) => string | number | undefined): string =>
      arrayLiteral(some.map((object) => String(pick(object) ?? '')));
    const inserted = await runStatement(
      'Noting objects',
      target,
      async () =>
        await target.sql`
        INSERT INTO public.etl_object
               (pipeline_name, status, object_id, bucket, object_key, version_id, sequencer, etag, bytes, event_time)
        SELECT ${pipelineName}, 'waiting', n.id, n.bucket, n.key, NULLIF(n.version, ''), NULLIF(n.sequencer, ''),
               NULLIF(n.etag, ''), n.bytes, n.at
          FROM unnest(${column(({ objectId }) => objectId)}::text[], ${column(({ bucket }) => bucket)}::text[],
                      ${column(({ key }) => key)}::text[], ${column(({ versionId }) => versionId)}::text[],
                      ${column(({ sequencer }) => sequencer)}::text[], ${column(({ etag }) => etag)}::text[],
                      ${column(({ bytes }) => bytes)}::bigint[],
                      ${column(({ eventTime }) => eventTime)}::timestamptz[])
               AS n (id, bucket, key, version, sequencer, etag, bytes, at)
         WHERE NOT EXISTS (SELECT 1 FROM public.etl_object o
                            WHERE o.pipeline_name = ${pipelineName} AND o.object_id = n.id
                              AND o.status IN ('waiting', 'taken', 'loaded', 'passed_over', 'set_aside'))
        ON CONFLICT (pipeline_name, status, object_id) DO NOTHING`,
    );
    noted += inserted.count ?? 0;
  }
  return noted;
}

/** In the order of their events. S3 orders the events of one key by texts that are padded with zeros to the right. */
const inOrder = "event_time, bucket, object_key, rpad(COALESCE(sequencer, ''), 64, '0'), object_id";

/** More than any run takes. */
export const allTaken = 10_000;

/** The first objects that wait, or all that a run has taken, in the order of their events. */
export async function readObjects(
  sql: Statements,
  pipelineName: string,
  status: 'waiting' | 'taken',
  limit: number,
): Promise<readonly WaitingObject[]> {
  const rows = await sql.unsafe<ObjectRow[]>(
    `SELECT object_id, bucket, object_key, etag, bytes, together, tries, failures FROM public.etl_object
      WHERE pipeline_name = $1 AND status = $2 ORDER BY ${inOrder} LIMIT $3::text::integer`,
    [pipelineName, status, String(limit)],
  );
  return rows.map(({ bucket, bytes, etag, failures, object_id, object_key, together, tries }) => ({
    objectId: object_id,
    bucket,
    key: object_key,
    etag,
    bytes: Number(bytes ?? 0),
    together: together === null ? null : Number(together),
    tries: Number(tries ?? 0),
    failures: Number(failures ?? 0),
  }));
}

/** Whether a run may begin with the pipeline's first object now; undefined where none waits. */
export async function firstIsDue(sql: Sql, pipelineName: string): Promise<boolean | undefined> {
  const [first] = await sql.unsafe<{ readonly due: boolean }[]>(
    `SELECT COALESCE(not_before <= CURRENT_TIMESTAMP, true) AS due FROM public.etl_object
      WHERE pipeline_name = $1 AND status IN ('taken', 'waiting') ORDER BY status, ${inOrder} LIMIT 1`,
    [pipelineName],
  );
  return first?.due;
}

/** How many objects of a pipeline are in each state. */
export async function countObjects(
  sql: Statements,
  pipelineName: string,
): Promise<readonly { readonly status: ObjectStatus; readonly objects: number; readonly bytes: number }[]> {
  const rows = await sql<{ readonly status: ObjectStatus; readonly objects: string; readonly bytes: string | null }[]>`
    SELECT status, count(*) AS objects, sum(bytes) AS bytes FROM public.etl_object
     WHERE pipeline_name = ${pipelineName} GROUP BY 1 ORDER BY 1`;
  return rows.map(({ bytes, objects, status }) => ({ status, objects: Number(objects), bytes: Number(bytes ?? 0) }));
}

/** How long the pipeline's object that was noted first has waited, in minutes; 0 where none waits. */
export async function waitedMinutes(sql: Sql, pipelineName: string): Promise<number> {
  const [row] = await sql<{ readonly minutes: string | null }[]>`
    SELECT extract(epoch FROM CURRENT_TIMESTAMP - min(noted_at)) / 60 AS minutes FROM public.etl_object
     WHERE pipeline_name = ${pipelineName} AND status IN ('taken', 'waiting')`;
  return Number(row?.minutes ?? 0);
}

/** What changes of objects. */
export interface ObjectChange {
  readonly from: ObjectStatus;
  readonly to: ObjectStatus;
  readonly objectIds: readonly string[];
  readonly runId?: string | undefined;
  readonly reason?: string | undefined;
  readonly together?: number | undefined;
  /** Added to what the objects have. */
  readonly tries?: number | undefined;
  readonly failures?: number | undefined;
  /** No run begins with the objects before; 0 lets it begin at once. */
  readonly delayMinutes?: number | undefined;
}

/** Changes objects in a transaction that checks the lease. Fields that are left out stay. */
export async function changeObjects(
  transaction: Transaction,
  pipelineName: string,
  change: ObjectChange,
): Promise<void> {
  if (change.objectIds.length === 0) return;
  await transaction`
    UPDATE public.etl_object
       SET status = ${change.to}, changed_at = CURRENT_TIMESTAMP,
           run_id = COALESCE(${change.runId ?? null}::text, run_id),
           reason = COALESCE(${change.reason ?? null}::text, reason),
           together = COALESCE(${change.together ?? null}::integer, together),
           tries = COALESCE(tries, 0) + ${change.tries ?? 0}::integer,
           failures = COALESCE(failures, 0) + ${change.failures ?? 0}::integer,
           not_before = CASE WHEN ${change.delayMinutes ?? null}::integer IS NULL THEN not_before
                             ELSE CURRENT_TIMESTAMP + ${change.delayMinutes ?? 0}::integer * interval '1 minute' END
     WHERE pipeline_name = ${pipelineName} AND status = ${change.from}
       AND object_id IN (SELECT unnest(${arrayLiteral(change.objectIds)}::text[]))`;
}

/** Notes the content that a run reads where it is another than the event told of. */
export async function correctContent(
  transaction: Transaction,
  pipelineName: string,
  object: Pick<WaitingObject, 'objectId' | 'etag' | 'bytes'>,
): Promise<void> {
  await transaction`
    UPDATE public.etl_object SET etag = ${object.etag}, bytes = ${object.bytes}
     WHERE pipeline_name = ${pipelineName} AND status = 'taken' AND object_id = ${object.objectId}`;
}

/** Marks the objects that a run has taken as loaded; within the transaction that logs its success. */
export async function objectsLoaded(transaction: Transaction, pipelineName: string, runId: string): Promise<void> {
  await transaction`
    UPDATE public.etl_object SET status = 'loaded', run_id = ${runId}, changed_at = CURRENT_TIMESTAMP, not_before = NULL
     WHERE pipeline_name = ${pipelineName} AND status = 'taken'`;
}

/** Which of these contents a run has loaded into this very table, as `etag:bytes`, with the run. */
export async function contentsLoaded(
  sql: Sql,
  pipelineName: string,
  tableId: string,
  etags: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await sql<Pick<ObjectRow, 'etag' | 'bytes' | 'run_id'>[]>`
    SELECT o.etag, o.bytes, o.run_id FROM public.etl_object o
      JOIN public.etl_execution_log l ON l.run_id = o.run_id
     WHERE o.pipeline_name = ${pipelineName} AND o.status = 'loaded' AND o.etag IN (SELECT unnest(${arrayLiteral(etags)}::text[]))
       AND l.status = 'success' AND l.closed_by IS NULL AND (l.table_id IS NULL OR l.table_id = ${tableId})`;
  return new Map(rows.map(({ bytes, etag, run_id: runId }) => [`${etag}:${bytes}`, runId ?? '']));
}

/** Objects of the pipeline that were set aside since its last success. */
export async function setAsideInARow(sql: Sql, pipelineName: string): Promise<number> {
  const [row] = await sql<{ readonly n: string }[]>`
    SELECT count(*) AS n FROM public.etl_object
     WHERE pipeline_name = ${pipelineName} AND status = 'set_aside'
       AND changed_at > COALESCE((SELECT max(end_time) FROM public.etl_execution_log
                                   WHERE pipeline_name = ${pipelineName} AND status = 'success'), '-infinity')`;
  return Number(row?.n ?? 0);
}
