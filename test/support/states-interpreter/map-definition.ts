import { UnknownFeatureError } from './errors.ts';
import type { ReaderConfig } from './item-reader.ts';
import { delimiters } from './read-csv.ts';

/** Fields of a Map state by its mode, beside those of every state. */
export const mapFields = {
  INLINE: ['Items', 'ItemSelector', 'MaxConcurrency', 'ItemProcessor', 'Retry', 'Catch'],
  DISTRIBUTED: [
    'Items',
    'ItemReader',
    'ItemSelector',
    'ItemBatcher',
    'ResultWriter',
    'Label',
    'MaxConcurrency',
    'ToleratedFailureCount',
    'ToleratedFailurePercentage',
    'ItemProcessor',
    'Retry',
    'Catch',
  ],
} as const;

/** Fields of the parts of a map. */
const knownParts: Readonly<Record<string, readonly string[]>> = {
  ItemReader: ['Resource', 'Arguments', 'ReaderConfig'],
  ItemBatcher: ['MaxItemsPerBatch', 'MaxInputBytesPerBatch', 'BatchInput'],
  ResultWriter: ['Resource', 'Arguments', 'WriterConfig'],
};

const knownValues: Readonly<Record<string, readonly string[]>> = {
  InputType: ['CSV', 'JSON', 'JSONL', 'MANIFEST'],
  Transformation: ['NONE', 'LOAD_AND_FLATTEN'],
  ManifestType: ['S3_INVENTORY'],
  CSVDelimiter: Object.keys(delimiters),
  CSVHeaderLocation: ['FIRST_ROW', 'GIVEN'],
};
const writerValues = { Transformation: ['NONE', 'COMPACT', 'FLATTEN'], OutputType: ['JSON', 'JSONL'] };

type Part = Readonly<Record<string, unknown>>;

/** Refuses a field that is not known. @throws {UnknownFeatureError} */
export function refuse(value: object, fields: readonly string[], where: string): void {
  const odd = Object.keys(value).find((key) => !fields.includes(key));
  if (odd !== undefined) throw new UnknownFeatureError(`${where} has ${odd}`);
}

/**
 * Checks what a Map state has beside its states: the mode, and for DISTRIBUTED the reader, batcher, writer and label
 * (Developer Guide, "Distributed Map state fields").
 *
 * @param inside  whether the execution in which the map runs is an Express one, which has no distributed maps
 * @throws {UnknownFeatureError} for what Step Functions refuses, or the interpreter does not know
 */
export function checkMap(name: string, state: Part, inside: 'STANDARD' | 'EXPRESS'): void {
  const { ProcessorConfig: config = {} } = state.ItemProcessor as { readonly ProcessorConfig?: Part };
  if (config.Mode === 'INLINE') {
    refuse(config, ['Mode'], `${name}.ProcessorConfig`);
    return;
  }
  if (config.Mode !== 'DISTRIBUTED') throw new UnknownFeatureError(`${name} of the mode ${String(config.Mode)}`);
  refuse(config, ['Mode', 'ExecutionType'], `${name}.ProcessorConfig`);
  if (config.ExecutionType !== 'STANDARD' && config.ExecutionType !== 'EXPRESS')
    throw new UnknownFeatureError(`${name} of the execution type ${String(config.ExecutionType)}`);
  if (inside === 'EXPRESS') throw new UnknownFeatureError(`${name} is a distributed map in an Express execution`);
  for (const [part, fields] of Object.entries(knownParts)) {
    if (state[part] !== undefined) refuse(state[part] as object, fields, `${name}.${part}`);
  }
  if (state.Items !== undefined && state.ItemReader !== undefined)
    throw new UnknownFeatureError(`${name} has both Items and an ItemReader`);
  if (state.ItemReader !== undefined) checkReader(`${name}.ItemReader`, state.ItemReader as Part);
  if (state.ItemBatcher !== undefined) checkBatcher(`${name}.ItemBatcher`, state.ItemBatcher as Part);
  if (state.ResultWriter !== undefined) checkWriter(`${name}.ResultWriter`, state.ResultWriter as Part);
  if (state.Label !== undefined) checkLabel(name, state.Label);
}

function checkReader(where: string, reader: Part): void {
  const lists = /^arn:[^:]+:states:::s3:listObjectsV2$/.test(String(reader.Resource));
  if (!lists && !/^arn:[^:]+:states:::s3:getObject$/.test(String(reader.Resource)))
    throw new UnknownFeatureError(`${where} with the resource ${String(reader.Resource)}`);
  const config = (reader.ReaderConfig ?? {}) as ReaderConfig & Part;
  refuse(config, [...Object.keys(knownValues), 'CSVHeaders', 'ItemsPointer', 'MaxItems'], `${where}.ReaderConfig`);
  for (const [field, values] of Object.entries(knownValues)) oneOf(where, config, field, values);
  const flattens = config.Transformation === 'LOAD_AND_FLATTEN';
  if (lists && flattens !== (config.InputType !== undefined))
    throw new UnknownFeatureError(`${where}: a list of objects has an InputType where it is flattened, else none`);
  if (!lists && flattens) throw new UnknownFeatureError(`${where} flattens what is no list of objects`);
  if (!lists && (config.InputType === undefined) !== (config.ManifestType !== undefined))
    throw new UnknownFeatureError(`${where} needs an InputType, or a ManifestType without one`);
  if (config.InputType === 'CSV' && config.CSVHeaderLocation === undefined)
    throw new UnknownFeatureError(`${where} needs a CSVHeaderLocation`);
  if ((config.CSVHeaderLocation === 'GIVEN') !== (config.CSVHeaders !== undefined))
    throw new UnknownFeatureError(`${where}: CSVHeaders go with the location GIVEN`);
  if (config.InputType !== 'CSV' && (config.CSVDelimiter ?? config.CSVHeaderLocation) !== undefined)
    throw new UnknownFeatureError(`${where} says how CSV is read, and reads none`);
  if (config.ItemsPointer !== undefined && config.InputType !== 'JSON')
    throw new UnknownFeatureError(`${where}: an ItemsPointer is for JSON`);
}

function checkBatcher(where: string, batcher: Part): void {
  if (batcher.MaxItemsPerBatch === undefined && batcher.MaxInputBytesPerBatch === undefined)
    throw new UnknownFeatureError(`${where} has no maximum`);
}

function checkWriter(where: string, writer: Part): void {
  if (writer.Resource === undefined && writer.WriterConfig === undefined)
    throw new UnknownFeatureError(`${where} is empty`);
  if ((writer.Resource === undefined) !== (writer.Arguments === undefined))
    throw new UnknownFeatureError(`${where}: Resource and Arguments go together`);
  if (writer.Resource !== undefined && !/^arn:[^:]+:states:::s3:putObject$/.test(String(writer.Resource)))
    throw new UnknownFeatureError(`${where} with the resource ${String(writer.Resource)}`);
  const config = (writer.WriterConfig ?? {}) as Part;
  refuse(config, Object.keys(writerValues), `${where}.WriterConfig`);
  for (const [field, values] of Object.entries(writerValues)) oneOf(where, config, field, values);
}

function oneOf(where: string, part: Part, field: string, values: readonly string[]): void {
  if (part[field] !== undefined && !values.includes(String(part[field])))
    throw new UnknownFeatureError(`${where} with ${field} ${String(part[field])}`);
}

function checkLabel(name: string, label: unknown): void {
  if (typeof label !== 'string' || label.length > 40 || /[\s?*<>{}[\]:;,\\|^~$#%&`"\p{Cc}]/u.test(label))
    throw new UnknownFeatureError(`${name} has a label that Step Functions refuses`);
}
