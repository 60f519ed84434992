/*
 * Thrift's compact protocol, in which a Parquet file describes itself: read as a tree whose scalars stay the bytes that
 * they are, so that what is not changed is written back as it was.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/** A field of a struct: a struct, a list of structs, or the bytes of anything else. */
export type ThriftField = { readonly id: number; readonly type: number } & ThriftValue;

export type ThriftValue =
  | { readonly bytes: Buffer }
  | { readonly struct: ThriftStruct }
  | { readonly structs: readonly ThriftStruct[] };

export type ThriftStruct = readonly ThriftField[];

const types = { true: 1, false: 2, byte: 3, double: 7, binary: 8, list: 9, set: 10, map: 11, struct: 12 } as const;
/** The three integers are numbers of as many bytes as they need. */
const isInteger = (type: number): boolean => type >= 4 && type <= 6;

/** Nested deeper than any Parquet file's own description. */
const deepest = 32;

/** Reads the struct that a buffer begins with. @throws {RangeError} where the bytes are none */
export function readStruct(bytes: Buffer): ThriftStruct {
  return new Reader(bytes).struct(0);
}

class Reader {
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  struct(depth: number): ThriftStruct {
    if (depth > deepest) throw new RangeError('nested too deeply');
    const fields: ThriftField[] = [];
    let id = 0;
    for (;;) {
      const header = this.#byte();
      if (header === 0) return fields;
      const delta = header >> 4;
      id = delta === 0 ? unsigned(this.#number()) : id + delta;
      const type = header & 15;
      fields.push({ id, type, ...this.#value(type, depth) });
    }
  }

  #value(type: number, depth: number): ThriftValue {
    if (type === types.struct) return { struct: this.struct(depth + 1) };
    const from = this.#at;
    if (type === types.list) {
      const { of, size } = this.#listHeader();
      if (of === types.struct) return { structs: Array.from({ length: size }, () => this.struct(depth + 1)) };
      this.#at = from;
    }
    this.#skip(type, depth);
    return { bytes: this.#bytes.subarray(from, this.#at) };
  }

  #skip(type: number, depth: number): void {
    if (depth > deepest) throw new RangeError('nested too deeply');
    if (type === types.true || type === types.false) return;
    if (type === types.byte) this.#byte();
    else if (isInteger(type)) this.#number();
    else if (type === types.double) this.#forward(8);
    else if (type === types.binary) this.#forward(this.#number());
    else if (type === types.struct) this.struct(depth + 1);
    else if (type === types.list || type === types.set) {
      const { of, size } = this.#listHeader();
      for (let item = 0; item < size; item += 1) this.#skipItem(of, depth);
    } else if (type === types.map) {
      const size = this.#number();
      const kinds = size === 0 ? 0 : this.#byte();
      for (let item = 0; item < size; item += 1) {
        this.#skipItem(kinds >> 4, depth);
        this.#skipItem(kinds & 15, depth);
      }
    } else throw new RangeError(`no type ${type}`);
  }

  /** Within a list, a truth value has a byte of its own. */
  #skipItem(type: number, depth: number): void {
    if (type === types.true || type === types.false) this.#byte();
    else this.#skip(type, depth + 1);
  }

  #listHeader(): { readonly of: number; readonly size: number } {
    const header = this.#byte();
    const size = header >> 4 === 15 ? this.#number() : header >> 4;
    // Each item has a byte at least.
    if (size > this.#bytes.length) throw new RangeError('a list is longer than the file');
    return { of: header & 15, size };
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new RangeError('the bytes end too early');
    this.#at += 1;
    return byte;
  }

  #forward(bytes: number): void {
    this.#at += bytes;
    if (this.#at > this.#bytes.length) throw new RangeError('the bytes end too early');
  }

  #number(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#byte();
      // What is larger than 2^53 is never a length, and its bytes are kept.
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
      if (shift > 63) throw new RangeError('a number is too long');
    }
  }
}

/** Writes a struct as it was read. */
export function writeStruct(struct: ThriftStruct): Buffer {
  const pieces: Buffer[] = [];
  let last = 0;
  for (const field of struct) {
    const { id, type } = field;
    const delta = id - last;
    pieces.push(
      delta > 0 && delta < 16
        ? Buffer.of((delta << 4) | type)
        : Buffer.concat([Buffer.of(type), varint(id < 0 ? -2 * id - 1 : 2 * id)]),
    );
    last = id;
    if ('bytes' in field) pieces.push(field.bytes);
    else if ('struct' in field) pieces.push(writeStruct(field.struct));
    else pieces.push(...listOf(field.structs));
  }
  return Buffer.concat([...pieces, Buffer.of(0)]);
}

function listOf(structs: readonly ThriftStruct[]): readonly Buffer[] {
  const { length } = structs;
  const header =
    length < 15
      ? Buffer.of((length << 4) | types.struct)
      : Buffer.concat([Buffer.of(0xf0 | types.struct), varint(length)]);
  return [header, ...structs.map(writeStruct)];
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

/** The number whose zigzag form this is. */
function unsigned(zigzag: number): number {
  return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
}

/** A whole number as an integer field has it. */
export function integer(value: number): Buffer {
  return varint(value < 0 ? -2 * value - 1 : 2 * value);
}

/** The bytes of a field that is no struct; undefined where there is none. */
export function bytesOf(struct: ThriftStruct, id: number): Buffer | undefined {
  const field = struct.find((one) => one.id === id);
  return field !== undefined && 'bytes' in field ? field.bytes : undefined;
}

/** The number of an integer field; undefined where there is none. */
export function integerOf(struct: ThriftStruct, id: number): number | undefined {
  const bytes = bytesOf(struct, id);
  return bytes === undefined
    ? undefined
    : unsigned(bytes.reduce((sum, byte, at) => sum + (byte & 127) * 2 ** (7 * at), 0));
}

/** The structs of a list of them; none where there is no such field. */
export function structsOf(struct: ThriftStruct, id: number): readonly ThriftStruct[] {
  const field = struct.find((one) => one.id === id);
  return field !== undefined && 'structs' in field ? field.structs : [];
}
