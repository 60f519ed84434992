/** Bytes of a key: enough that two of a billion rows do not meet. */
export const keyBytes = 12;
const checkBytes = 4;
const cellBytes = 4 + keyBytes + checkBytes;
/** Cells of a sketch: tells apart two sets that differ in about 350 keys, however large they are. 10 KiB. */
const cells = 512;
/** Cells each key goes into; four need the fewest cells for a difference. */
const ways = 4;

/**
 * A multiset of keys in fixed space, from which the difference to another can be listed as long as it is small and no
 * key differs by more than one: an invertible Bloom lookup table (Eppstein, Goodrich, Uyeda, Varghese: What's the Difference?, SIGCOMM 2011).
 */
export class Sketch {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer = Buffer.alloc(cells * cellBytes)) {
    this.#bytes = bytes;
  }

  static parse(base64: string): Sketch {
    return new Sketch(Buffer.from(base64, 'base64'));
  }

  toString(): string {
    return this.#bytes.toString('base64');
  }

  /** @param key  `keyBytes` bytes of a good hash; the same key again counts again */
  add(key: Buffer): void {
    this.#toggle(key, 1);
  }

  /** Adds the keys of another one. */
  merge(other: Sketch): void {
    this.#combine(other, 1);
  }

  /** The keys that are only here, and those that are only there; undefined when there are too many to tell. */
  difference(other: Sketch): { readonly here: readonly Buffer[]; readonly there: readonly Buffer[] } | undefined {
    const rest = new Sketch(Buffer.from(this.#bytes));
    rest.#combine(other, -1);
    const here: Buffer[] = [];
    const there: Buffer[] = [];
    for (let found = true; found; ) {
      found = false;
      for (let cell = 0; cell < cells; cell += 1) {
        const pure = rest.#pure(cell);
        if (pure === undefined) continue;
        found = true;
        (pure.count === 1 ? here : there).push(pure.key);
        rest.#toggle(pure.key, pure.count === 1 ? -1 : 1);
      }
    }
    return rest.#bytes.every((byte) => byte === 0) ? { here, there } : undefined;
  }

  #combine(other: Sketch, sign: 1 | -1): void {
    for (let cell = 0; cell < cells; cell += 1) {
      const at = cell * cellBytes;
      this.#bytes.writeInt32LE((this.#bytes.readInt32LE(at) + sign * other.#bytes.readInt32LE(at)) | 0, at);
      for (let byte = 4; byte < cellBytes; byte += 1) {
        this.#bytes[at + byte] = (this.#bytes[at + byte] as number) ^ (other.#bytes[at + byte] as number);
      }
    }
  }

  #toggle(key: Buffer, by: 1 | -1): void {
    const check = checkOf(key);
    for (let way = 0; way < ways; way += 1) {
      const at = cellOf(key, way) * cellBytes;
      this.#bytes.writeInt32LE((this.#bytes.readInt32LE(at) + by) | 0, at);
      for (let byte = 0; byte < keyBytes; byte += 1) {
        this.#bytes[at + 4 + byte] = (this.#bytes[at + 4 + byte] as number) ^ (key[byte] as number);
      }
      const sum = this.#bytes.readUInt32LE(at + 4 + keyBytes) ^ check;
      this.#bytes.writeUInt32LE(sum >>> 0, at + 4 + keyBytes);
    }
  }

  #pure(cell: number): { readonly key: Buffer; readonly count: 1 | -1 } | undefined {
    const at = cell * cellBytes;
    const count = this.#bytes.readInt32LE(at);
    if (count !== 1 && count !== -1) return undefined;
    const key = Buffer.from(this.#bytes.subarray(at + 4, at + 4 + keyBytes));
    return checkOf(key) === this.#bytes.readUInt32LE(at + 4 + keyBytes) ? { key, count } : undefined;
  }
}

/** Each way has a quarter of the cells for itself, so that a key never meets itself. */
function cellOf(key: Buffer, way: number): number {
  const part = cells / ways;
  return way * part + (mixed(key, 0x9e3779b1 + way * 0x85ebca6b) % part);
}

function checkOf(key: Buffer): number {
  return mixed(key, 0xc2b2ae35);
}

/** FNV-1a with a final avalanche; the key itself is a cryptographic hash already. */
function mixed(key: Buffer, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b) >>> 0;
  return (hash ^ (hash >>> 16)) >>> 0;
}
