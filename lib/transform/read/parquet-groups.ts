import {
  integer,
  integerOf,
  readStruct,
  structsOf,
  type ThriftField,
  type ThriftStruct,
  writeStruct,
} from './thrift-compact.ts';

/*
 * A Parquet file of some row groups of a larger one: their bytes, and the description of the larger file without the other
 * row groups. https://github.com/apache/parquet-format
 */

/** Magic number at the begin, and at the end behind the length of the description. */
export const parquetMagic = Buffer.from('PAR1');
/** Bytes of the length and the magic number. */
export const parquetTailBytes = 8;

/** Fields of Parquet's structs. */
const fileFields = { rows: 3, rowGroups: 4, encryption: 8 } as const;
const groupFields = { columns: 1, rows: 3, fileOffset: 5 } as const;
const chunkFields = { filePath: 1, fileOffset: 2, metadata: 3, lastOfIndex: 7, crypto: 8 } as const;
const metadataFields = { bytes: 7, dataPage: 9, indexPage: 10, dictionaryPage: 11, bloomOffset: 14, bloomLength: 15 };

/** A row group of a file. */
export interface RowGroup {
  readonly rows: number;
  /** Of its column chunks, compressed. */
  readonly bytes: number;
  /** The first byte of its column chunks, in the file. */
  readonly from: number;
  /** The first byte of the last column chunk. */
  readonly last: number;
}

/** What a Parquet file says of itself, and where it says so. */
export interface ParquetFooter {
  readonly struct: ThriftStruct;
  /** The byte at which it begins, behind all column chunks. */
  readonly at: number;
  readonly groups: readonly RowGroup[];
}

/**
 * Where the description of a file is.
 *
 * @param tail  the last `parquetTailBytes` of the file
 * @throws {RangeError} it is no Parquet file
 */
export function footerPlace(tail: Buffer, fileBytes: number): { readonly from: number; readonly to: number } {
  const to = fileBytes - parquetTailBytes;
  const from = tail.length < parquetTailBytes ? 0 : to - tail.readUInt32LE(0);
  if (from < parquetMagic.length || !tail.subarray(4).equals(parquetMagic)) throw new RangeError('no Parquet file');
  return { from, to };
}

/**
 * Reads a description.
 *
 * @param at  the byte of the file at which it begins
 * @throws {RangeError} the file describes itself in a way that is not understood, or is encrypted, or refers to others
 */
export function readFooter(bytes: Buffer, at: number): ParquetFooter {
  const struct = readStruct(bytes);
  if (struct.some(({ id }) => id === fileFields.encryption)) throw new RangeError('an encrypted file');
  const groups = structsOf(struct, fileFields.rowGroups).map((group) => {
    const chunks = structsOf(group, groupFields.columns).map(chunkPlace);
    const starts = chunks.map(({ from }) => from);
    const [from, last] = [Math.min(...starts), Math.max(...starts)];
    const rows = integerOf(group, groupFields.rows);
    if (rows === undefined || !(from >= parquetMagic.length) || last >= at) {
      throw new RangeError('a row group that lies nowhere');
    }
    return { rows, bytes: chunks.reduce((sum, chunk) => sum + chunk.bytes, 0), from, last };
  });
  return { struct, at, groups };
}

function chunkPlace(chunk: ThriftStruct): { readonly from: number; readonly bytes: number } {
  if (chunk.some(({ id }) => id === chunkFields.filePath || id >= chunkFields.crypto)) {
    throw new RangeError('a column of another file, or an encrypted one');
  }
  const metadata = chunk.find(({ id }) => id === chunkFields.metadata);
  if (metadata === undefined || !('struct' in metadata)) throw new RangeError('a column without a description');
  const offsetOf = (id: number): number | undefined => {
    const offset = integerOf(metadata.struct, id);
    // Some writers say 0 where there is no such page.
    return offset === undefined || offset <= 0 ? undefined : offset;
  };
  const places = [metadataFields.dataPage, metadataFields.indexPage, metadataFields.dictionaryPage].map(offsetOf);
  const bytes = integerOf(metadata.struct, metadataFields.bytes) ?? 0;
  return { from: Math.min(...places.filter((place) => place !== undefined)), bytes };
}

/** Some row groups that follow one another, as a file of their own. */
export interface CutGroups {
  /** Bytes of the larger file that it has, behind the magic number. */
  readonly from: number;
  readonly to: number;
  /** What is behind them: the description, its length and the magic number. */
  readonly end: Buffer;
}

/**
 * The row groups from one on, up to another one that is left out. Indexes of pages and filters, which lie elsewhere, are
 * left out of the description.
 */
export function cutGroups({ at, groups, struct }: ParquetFooter, first: number, end: number): CutGroups {
  const own = groups.slice(first, end);
  const from = Math.min(...own.map((group) => group.from));
  const last = Math.max(...own.map((group) => group.last));
  // Some writers say too little of how long a column chunk is; what follows it begins behind it in any case.
  const behind = groups.flatMap((group) => [group.from, group.last]).filter((start) => start > last);
  const to = Math.min(at, ...behind);
  const shift = parquetMagic.length - from;
  const rows = own.reduce((sum, group) => sum + group.rows, 0);
  const footer = writeStruct(
    struct.map((field) => {
      if (field.id === fileFields.rows) return { ...field, bytes: integer(rows) };
      if (field.id !== fileFields.rowGroups || !('structs' in field)) return field;
      return { ...field, structs: field.structs.slice(first, end).map((group) => movedGroup(group, shift)) };
    }),
  );
  return { from, to, end: withTail(footer) };
}

/** A description as it stands at the end of a file. */
export function withTail(footer: Buffer): Buffer {
  const tail = Buffer.alloc(parquetTailBytes);
  tail.writeUInt32LE(footer.length, 0);
  parquetMagic.copy(tail, 4);
  return Buffer.concat([footer, tail]);
}

function movedGroup(group: ThriftStruct, shift: number): ThriftStruct {
  return group.flatMap((field) => {
    if (field.id === groupFields.fileOffset) return [moved(field, shift)];
    if (field.id !== groupFields.columns || !('structs' in field)) return [field];
    return [{ ...field, structs: field.structs.map((chunk) => movedChunk(chunk, shift)) }];
  });
}

function movedChunk(chunk: ThriftStruct, shift: number): ThriftStruct {
  return chunk.flatMap((field) => {
    if (field.id === chunkFields.fileOffset) return [moved(field, shift)];
    if (field.id > chunkFields.metadata && field.id <= chunkFields.lastOfIndex) return [];
    if (field.id !== chunkFields.metadata || !('struct' in field)) return [field];
    return [{ ...field, struct: movedMetadata(field.struct, shift) }];
  });
}

function movedMetadata(metadata: ThriftStruct, shift: number): ThriftStruct {
  const offsets: readonly number[] = [metadataFields.dataPage, metadataFields.indexPage, metadataFields.dictionaryPage];
  const filters: readonly number[] = [metadataFields.bloomOffset, metadataFields.bloomLength];
  return metadata.flatMap((field) => {
    if (offsets.includes(field.id)) return [moved(field, shift)];
    return filters.includes(field.id) ? [] : [field];
  });
}

/** A field of an offset, as far from the begin of the other file; 0 stays what it is: none. */
function moved(field: ThriftField, shift: number): ThriftField {
  const offset = integerOf([field], field.id) ?? 0;
  return { ...field, bytes: integer(offset <= 0 ? offset : Math.max(0, offset + shift)) } as ThriftField;
}
