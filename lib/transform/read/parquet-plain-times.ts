import { constants } from 'node:fs';
import { chmod, copyFile, open } from 'node:fs/promises';
import { footerPlace, parquetTailBytes, withTail } from './parquet-groups.ts';
import {
  bytesOf,
  integer,
  integerOf,
  readStruct,
  structsOf,
  type ThriftField,
  type ThriftStruct,
  writeStruct,
} from './thrift-compact.ts';

/*
 * DuckDB cuts what is behind the microsecond of some times of Parquet while it reads them. A copy of the file that says
 * less of these columns gives their values as they are stored. https://github.com/apache/parquet-format
 */

/** Fields of Parquet's structs. */
const fileFields = { schema: 2, rowGroups: 4 } as const;
const elementFields = { type: 1, typeLength: 2, name: 4, children: 5, converted: 6, logical: 10 } as const;
const chunkFields = { metadata: 3 } as const;
const metadataFields = { type: 1, path: 3, statistics: 12 } as const;
const rowGroupFields = { columns: 1 } as const;

const physical = { int96: 3, fixedBytes: 7 } as const;
const int96Bytes = 12;
const i32 = 5;

/**
 * Copies a Parquet file so that columns lose what their physical type means: an INT64 is a number, an INT96 twelve bytes.
 *
 * @param places  of the columns among those of the first level, from 0; each a leaf that is not repeated
 * @throws {RangeError} where the file describes itself in a way that is not understood
 */
export async function copyWithPlainTimes(path: string, copy: string, places: ReadonlySet<number>): Promise<void> {
  // A file system that can shares the blocks.
  await copyFile(path, copy, constants.COPYFILE_FICLONE);
  await chmod(copy, 0o600);
  const file = await open(copy, 'r+');
  try {
    const { size } = await file.stat();
    const { from, to } = footerPlace(await readAt(size - parquetTailBytes, parquetTailBytes), size);
    const footer = withTail(writeStruct(withPlainTimes(readStruct(await readAt(from, to - from)), places)));
    await file.truncate(from);
    await file.write(footer, 0, footer.length, from);
  } finally {
    await file.close();
  }

  async function readAt(position: number, bytes: number): Promise<Buffer> {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, position);
    if (bytesRead !== bytes) throw new RangeError('the file is shorter than it says');
    return buffer;
  }
}

function withPlainTimes(file: ThriftStruct, places: ReadonlySet<number>): ThriftStruct {
  const schema = structsOf(file, fileFields.schema);
  const leaves = new Set([...places].map((place) => firstLevel(schema)[place] ?? -1));
  const int96 = new Set<string>();
  for (const leaf of leaves) {
    const element = schema[leaf];
    if (element === undefined || (integerOf(element, elementFields.children) ?? 0) > 0) {
      throw new RangeError('no column of single values');
    }
    if (integerOf(element, elementFields.type) === physical.int96) {
      int96.add(String(bytesOf(element, elementFields.name)?.toString('latin1')));
    }
  }
  return file.map((field) => {
    if (!('structs' in field)) return field;
    if (field.id === fileFields.schema) {
      return { ...field, structs: field.structs.map((one, at) => (leaves.has(at) ? plainElement(one) : one)) };
    }
    if (field.id !== fileFields.rowGroups) return field;
    return { ...field, structs: field.structs.map((group) => withPlainChunks(group, int96)) };
  });
}

/** Elements come parents first, and the first one is the file. @returns the places of those of the first level */
function firstLevel(schema: readonly ThriftStruct[]): readonly number[] {
  const places: number[] = [];
  const behind = (at: number): number => {
    let next = at + 1;
    for (let child = 0; child < (integerOf(schema[at] ?? [], elementFields.children) ?? 0); child += 1) {
      next = behind(next);
    }
    return next;
  };
  for (let at = 1; at < schema.length; at = behind(at)) places.push(at);
  return places;
}

function plainElement(element: ThriftStruct): ThriftStruct {
  const kept = element.filter(({ id }) => id !== elementFields.converted && id !== elementFields.logical);
  if (integerOf(element, elementFields.type) !== physical.int96) return kept;
  const rest = kept.filter(({ id }) => id !== elementFields.type && id !== elementFields.typeLength);
  return [
    { id: elementFields.type, type: i32, bytes: integer(physical.fixedBytes) },
    { id: elementFields.typeLength, type: i32, bytes: integer(int96Bytes) },
    ...rest,
  ];
}

/** A row group tells the physical types once more, by the columns' paths. */
function withPlainChunks(group: ThriftStruct, int96: ReadonlySet<string>): ThriftStruct {
  if (int96.size === 0) return group;
  return group.map((field) => {
    if (field.id !== rowGroupFields.columns || !('structs' in field)) return field;
    return { ...field, structs: field.structs.map((chunk) => chunk.map((one) => plainChunk(one, int96))) };
  });
}

function plainChunk(field: ThriftField, int96: ReadonlySet<string>): ThriftField {
  if (field.id !== chunkFields.metadata || !('struct' in field)) return field;
  // A path of one name: the list's header, and the name as the schema has it.
  const path = bytesOf(field.struct, metadataFields.path);
  if (path?.[0] !== 0x18 || !int96.has(path.subarray(1).toString('latin1'))) return field;
  const struct = field.struct
    .filter(({ id }) => id !== metadataFields.statistics)
    .map((one) => (one.id === metadataFields.type ? { ...one, bytes: integer(physical.fixedBytes) } : one));
  return { ...field, struct };
}
