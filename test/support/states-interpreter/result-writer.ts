import { StatesError, UnknownFeatureError } from './errors.ts';
import { evaluate, type Scope } from './evaluate.ts';
import type { MapObjects } from './map-objects.ts';

export interface ResultWriter {
  readonly Resource?: string;
  readonly Arguments?: unknown;
  readonly WriterConfig?: {
    readonly Transformation?: 'NONE' | 'COMPACT' | 'FLATTEN';
    readonly OutputType?: 'JSON' | 'JSONL';
  };
}

/** A child execution that has ended, or that was never started. */
export interface Child {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'PENDING';
  readonly arn: string;
  readonly name: string;
  readonly machineArn: string;
  readonly input: unknown;
  readonly output?: unknown;
  readonly error?: string;
  readonly cause?: string;
  readonly started?: string;
  readonly stopped?: string;
}

/** A run of a map, by which its files are named. */
export interface WrittenRun {
  readonly arn: string;
  /** The last part of the ARN. */
  readonly id: string;
}

/** Files by the status of the executions in them: those that timed out are with the failed ones. */
const files = [
  ['FAILED', (child: Child) => child.status === 'FAILED' || child.status === 'TIMED_OUT'],
  ['PENDING', (child: Child) => child.status === 'PENDING'],
  ['SUCCEEDED', (child: Child) => child.status === 'SUCCEEDED'],
] as const;

/**
 * Gives the result of a distributed map, and writes it to S3 where a Resource says so (Developer Guide, "ResultWriter
 * (Map)"): `<prefix>/<id>/SUCCEEDED_0.json`, `FAILED_0.json` and `PENDING_0.json`, each where there are such executions,
 * and `manifest.json` that names them. Files of more than 5 GB, which Step Functions would cut, do not come up here.
 *
 * @returns the outputs in the order of the items, or with a Resource where the manifest is
 * @throws {StatesError} States.ResultWriterFailed when S3 refuses
 */
export async function writeResults(
  children: readonly Child[],
  writer: ResultWriter | undefined,
  run: WrittenRun,
  inside: Scope,
  objects: MapObjects | undefined,
): Promise<unknown> {
  const jsonLines = writer?.WriterConfig?.OutputType === 'JSONL';
  const stored = writer?.Resource !== undefined;
  const form = writer?.WriterConfig?.Transformation ?? (stored ? 'NONE' : 'COMPACT');
  if (writer?.Resource === undefined) {
    if (jsonLines) throw new UnknownFeatureError('JSON lines as the result of a state');
    return shaped(children, form);
  }
  if (objects === undefined) throw new UnknownFeatureError('A ResultWriter without objects to write');
  const place = (await evaluate(writer.Arguments ?? {}, inside)) as Readonly<Record<string, unknown>>;
  const odd = Object.keys(place).find((key) => key !== 'Bucket' && key !== 'Prefix');
  if (odd !== undefined) throw new UnknownFeatureError(`The arguments of ResultWriter have ${odd}`);
  const bucket = String(place.Bucket);
  const prefix = place.Prefix === undefined ? '' : `${String(place.Prefix).replace(/\/$/, '')}/`;
  const put = async (name: string, body: string): Promise<{ readonly Key: string; readonly Size: number }> => {
    const Key = `${prefix}${run.id}/${name}`;
    await objects.put(bucket, Key, body).catch((error: unknown) => {
      throw new StatesError('States.ResultWriterFailed', (error as Error).message);
    });
    return { Key, Size: Buffer.byteLength(body) };
  };
  const written: Record<string, unknown[]> = {};
  for (const [status, has] of files) {
    const lines = shaped(children.filter(has), form);
    const body = jsonLines ? lines.map((line) => `${JSON.stringify(line)}\n`).join('') : JSON.stringify(lines);
    written[status] = lines.length === 0 ? [] : [await put(`${status}_0.json`, body)];
  }
  const manifest = { DestinationBucket: bucket, MapRunArn: run.arn, ResultFiles: written };
  const { Key } = await put('manifest.json', JSON.stringify(manifest));
  return { MapRunArn: run.arn, ResultWriterDetails: { Bucket: bucket, Key } };
}

/** What failed is given with its metadata whatever the transformation is. */
function shaped(children: readonly Child[], form: 'NONE' | 'COMPACT' | 'FLATTEN'): readonly unknown[] {
  return children.flatMap((child): readonly unknown[] => {
    if (form === 'NONE' || child.status !== 'SUCCEEDED') return [withMetadata(child)];
    return form === 'FLATTEN' && Array.isArray(child.output) ? child.output : [child.output];
  });
}

function withMetadata(child: Child): object {
  const input = { Input: JSON.stringify(child.input), InputDetails: { Included: true } };
  if (child.status === 'PENDING') return { ...input, Status: child.status };
  return {
    ExecutionArn: child.arn,
    ...input,
    Name: child.name,
    ...(child.status === 'SUCCEEDED'
      ? { Output: JSON.stringify(child.output), OutputDetails: { Included: true } }
      : { Error: child.error, Cause: child.cause }),
    RedriveCount: 0,
    StartDate: child.started,
    StateMachineArn: child.machineArn,
    Status: child.status,
    StopDate: child.stopped,
  };
}
