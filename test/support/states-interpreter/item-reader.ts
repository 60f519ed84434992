import { gunzipSync } from 'node:zlib';
import { StatesError, UnknownFeatureError } from './errors.ts';
import { evaluate, type Scope } from './evaluate.ts';
import type { MapObjects } from './map-objects.ts';
import { csvItems, csvRecords, delimiters } from './read-csv.ts';

/** An item with what `$states.context.Map.Item.Source` says of it. */
export interface Item {
  readonly value: unknown;
  readonly source: string;
}

export interface ReaderConfig {
  readonly InputType?: 'CSV' | 'JSON' | 'JSONL' | 'MANIFEST';
  readonly Transformation?: 'NONE' | 'LOAD_AND_FLATTEN';
  readonly ManifestType?: 'S3_INVENTORY';
  readonly CSVDelimiter?: string;
  readonly CSVHeaderLocation?: 'FIRST_ROW' | 'GIVEN';
  readonly CSVHeaders?: readonly string[];
  readonly ItemsPointer?: string;
  readonly MaxItems?: unknown;
}

export interface ItemReader {
  readonly Resource: string;
  readonly Arguments?: unknown;
  readonly ReaderConfig?: ReaderConfig;
}

interface Place {
  readonly Bucket: string;
  readonly Key?: string;
  readonly VersionId?: string;
  readonly Prefix?: string;
}

/** Bytes of an item that the reader reads, before ItemSelector makes it smaller (Developer Guide, "ItemReader"). */
const maxItemBytes = 8_000_000;
/** Items after which the map stops to read (Developer Guide, "ItemReader"). */
const mostItems = 100_000_000;

/**
 * Reads the items of a distributed map from S3 (Developer Guide, "ItemReader (Map)").
 *
 * @throws {StatesError} States.ItemReaderFailed for what cannot be read or is not of the form that InputType says
 */
export async function readItems(
  reader: ItemReader,
  inside: Scope,
  objects: MapObjects | undefined,
): Promise<readonly Item[]> {
  if (objects === undefined) throw new UnknownFeatureError('An ItemReader without objects to read');
  const place = checkPlace(reader, await evaluate(reader.Arguments ?? {}, inside));
  const config = reader.ReaderConfig ?? {};
  const most =
    config.MaxItems === undefined ? mostItems : positive(await evaluate(config.MaxItems, inside), 'MaxItems');
  try {
    const items = reader.Resource.endsWith(':listObjectsV2')
      ? await listed(place, config, objects)
      : await contentOf(place.Bucket, place.Key ?? '', place.VersionId, config, objects);
    const taken = items.slice(0, most);
    for (const { value } of taken) {
      if (Buffer.byteLength(JSON.stringify(value)) > maxItemBytes) throw new Error('An item of more than 8 MB');
    }
    return taken;
  } catch (error) {
    if (error instanceof UnknownFeatureError || error instanceof StatesError) throw error;
    throw new StatesError('States.ItemReaderFailed', (error as Error).message);
  }
}

/** A number that has to be positive and whole. @throws {StatesError} States.QueryEvaluationError */
export function positive(value: unknown, field: string): number {
  if (!Number.isInteger(value) || (value as number) < 1)
    throw new StatesError('States.QueryEvaluationError', `${field} is no positive integer`);
  return value as number;
}

function checkPlace(reader: ItemReader, args: unknown): Place {
  const known = reader.Resource.endsWith(':listObjectsV2') ? ['Bucket', 'Prefix'] : ['Bucket', 'Key', 'VersionId'];
  const odd = Object.keys(args as object).find((key) => !known.includes(key));
  if (odd !== undefined) throw new UnknownFeatureError(`The arguments of ItemReader have ${odd}`);
  const needed = known.slice(0, reader.Resource.endsWith(':getObject') ? 2 : 1);
  for (const name of needed) {
    if (typeof (args as Record<string, unknown>)[name] !== 'string')
      throw new StatesError('States.ItemReaderFailed', `The arguments have no ${name}`);
  }
  return args as Place;
}

/** What lies below a prefix: what S3 says of each object, or with LOAD_AND_FLATTEN the items that are in all of them. */
async function listed(place: Place, config: ReaderConfig, objects: MapObjects): Promise<readonly Item[]> {
  const found = await objects.list(place.Bucket, place.Prefix ?? '');
  if (config.Transformation !== 'LOAD_AND_FLATTEN')
    return found.map((value) => ({ value, source: `S3://${place.Bucket}` }));
  const items: Item[] = [];
  for (const { Key } of found) items.push(...(await contentOf(place.Bucket, Key, undefined, config, objects)));
  return items;
}

async function contentOf(
  bucket: string,
  key: string,
  version: string | undefined,
  config: ReaderConfig,
  objects: MapObjects,
): Promise<readonly Item[]> {
  const text = await textOf(bucket, key, version, objects);
  const values =
    config.InputType === 'MANIFEST' || config.ManifestType === 'S3_INVENTORY'
      ? await inventory(text, objects)
      : parse(text, config);
  return values.map((value) => ({ value, source: `S3://${bucket}/${key}` }));
}

/** GZIP is told by the name (Developer Guide: `myObject.jsonl.gz`). */
async function textOf(bucket: string, key: string, version: string | undefined, objects: MapObjects): Promise<string> {
  if (/\.zst(d)?$/.test(key)) throw new UnknownFeatureError('A file in ZSTD');
  const body = await objects.get(bucket, key, version);
  return (key.endsWith('.gz') ? gunzipSync(body) : body).toString('utf8');
}

function parse(text: string, config: ReaderConfig): readonly unknown[] {
  if (config.InputType === 'CSV') {
    const delimiter = delimiters[config.CSVDelimiter ?? 'COMMA'] as string;
    return csvItems(csvRecords(text, delimiter), config.CSVHeaders);
  }
  if (config.InputType === 'JSONL')
    return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as unknown]));
  const whole = pointed(JSON.parse(text), config.ItemsPointer ?? '');
  if (Array.isArray(whole)) return whole;
  if (typeof whole === 'object' && whole !== null)
    throw new UnknownFeatureError('A JSON object whose keys and values are the items');
  throw new Error('The JSON is no array');
}

/** The node that a JSON pointer (RFC 6901) names. */
function pointed(whole: unknown, pointer: string): unknown {
  const steps = pointer.split('/').slice(1);
  return steps.reduce<unknown>((node, step) => {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    return typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[name] : undefined;
  }, whole);
}

interface Inventory {
  /** `arn:aws:s3:::name`, where the files of the inventory are. */
  readonly destinationBucket: string;
  readonly fileFormat: string;
  readonly fileSchema: string;
  readonly files: readonly { readonly key: string }[];
}

/** The objects that an S3 inventory names: its files are CSV in GZIP without a header, and `fileSchema` is the header. */
async function inventory(text: string, objects: MapObjects): Promise<readonly unknown[]> {
  const { destinationBucket, fileFormat, fileSchema, files } = JSON.parse(text) as Inventory;
  if (fileFormat !== 'CSV') throw new Error(`An inventory in ${fileFormat}`);
  const bucket = /^arn:[^:]+:s3:::(.+)$/.exec(destinationBucket)?.[1];
  if (bucket === undefined) throw new Error('The manifest has no ARN of its bucket');
  const names = fileSchema.split(',').map((name) => name.trim());
  const items: unknown[] = [];
  for (const { key } of files) {
    items.push(...csvItems(csvRecords(await textOf(bucket, key, undefined, objects), ','), names));
  }
  return items;
}
