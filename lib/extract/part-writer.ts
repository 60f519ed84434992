import { type FileHandle, open, rm } from 'node:fs/promises';
import type { ObjectStore } from '../object-store.ts';
import { SinkWriteError } from './errors.ts';

/** A part that has become durable. */
export interface SealedPart {
  readonly location: string;
  readonly bytes: number;
}

/** A place to come back to with `rewind`. */
export interface PartMark {
  readonly file: number;
  readonly bytes: number;
}

interface OpenPart {
  readonly key: string;
  readonly path: string;
  readonly handle: FileHandle;
  bytes: number;
}

/** Rows of one raw part at most, unless a single row is larger: small enough to repeat, large enough to read fast. */
export const partBytes = 32 * 1024 * 1024;

/**
 * Collects lines in scratch files of about `maxBytes` and hands them to the store. Nothing is durable before `seal`;
 * a crash before it leaves scratch files only.
 */
export class PartWriter {
  readonly #store: ObjectStore;
  readonly #nameOf: (index: number) => string;
  readonly #maxBytes: number;
  readonly #parts: OpenPart[] = [];
  #sealed: number;

  /** `sealed` parts exist already; the next one is `nameOf(sealed)`. */
  constructor(store: ObjectStore, nameOf: (index: number) => string, sealed: number, maxBytes = partBytes) {
    this.#store = store;
    this.#nameOf = nameOf;
    this.#sealed = sealed;
    this.#maxBytes = maxBytes;
  }

  /** Bytes written and not sealed yet. */
  get pendingBytes(): number {
    return this.#parts.reduce((sum, part) => sum + part.bytes, 0);
  }

  get full(): boolean {
    return this.pendingBytes >= this.#maxBytes;
  }

  /** Appends whole lines, each ending in a line feed. */
  async write(lines: Uint8Array): Promise<void> {
    if (lines.length === 0) return;
    const part = await this.#current();
    try {
      await part.handle.write(lines, 0, lines.length, part.bytes);
    } catch (cause) {
      throw new SinkWriteError(part.path, { cause });
    }
    part.bytes += lines.length;
  }

  mark(): PartMark {
    const last = this.#parts.at(-1);
    return { file: this.#parts.length, bytes: last?.bytes ?? 0 };
  }

  /** Forgets everything written after the mark. The mark must be newer than the last `seal`. */
  async rewind(mark: PartMark): Promise<void> {
    for (const part of this.#parts.splice(mark.file)) {
      await part.handle.close();
      await rm(part.path, { force: true });
    }
    const last = this.#parts.at(-1);
    if (last === undefined || last.bytes === mark.bytes) return;
    await last.handle.truncate(mark.bytes);
    last.bytes = mark.bytes;
  }

  /** Makes everything written so far durable, in order. */
  async seal(): Promise<readonly SealedPart[]> {
    const sealed: SealedPart[] = [];
    for (const part of this.#parts.splice(0)) {
      await part.handle.close();
      if (part.bytes === 0) {
        await rm(part.path, { force: true });
        continue;
      }
      await this.#store.putFile(part.key, part.path);
      this.#sealed += 1;
      sealed.push({ location: part.key, bytes: part.bytes });
    }
    return sealed;
  }

  /** Removes what was never sealed. */
  async discard(): Promise<void> {
    await this.rewind({ file: 0, bytes: 0 });
  }

  async #current(): Promise<OpenPart> {
    const last = this.#parts.at(-1);
    if (last !== undefined && last.bytes < this.#maxBytes) return last;
    const key = this.#nameOf(this.#sealed + this.#parts.length);
    const path = await this.#store.scratchPath(key);
    const part: OpenPart = { key, path, handle: await open(path, 'w', 0o600), bytes: 0 };
    this.#parts.push(part);
    return part;
  }
}

export function rawPartName(prefix: string, extension: string): (index: number) => string {
  return (index) => `${prefix}/raw/part-${String(index).padStart(5, '0')}.${extension}`;
}

export function rejectedPartName(prefix: string): (index: number) => string {
  return (index) => `${prefix}/raw/rejected-${String(index).padStart(5, '0')}.ndjson`;
}
