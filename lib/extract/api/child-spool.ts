import { fileLines } from '../file-lines.ts';
import type { PartWriter } from '../part-writer.ts';
import type { RowSink } from './page-records.ts';

/** Bytes of one child's rows in memory; more go to the disk. */
const memoryBytes = 1024 * 1024;

export interface RejectedRecord {
  readonly raw: Buffer;
  readonly ordinal: number;
  readonly reason: string;
}

/**
 * Keeps the rows of one child until those of the parents before it have been taken. They leave in the order they came.
 */
export class ChildSpool {
  readonly #disk: PartWriter;
  readonly #path: () => Promise<string>;
  readonly rejected: RejectedRecord[] = [];
  #memory: Buffer[] = [];
  #memorySize = 0;
  #diskSize = 0;

  /** @param disk  writes to one scratch file that only this child uses, whose place `path` tells */
  constructor(disk: PartWriter, path: () => Promise<string>) {
    this.#disk = disk;
    this.#path = path;
  }

  /** A sink for the child's next page; `decorate` gives a row the shape it is kept in. */
  page(rowsBefore: number, decorate: (line: Buffer) => Buffer): RowSink {
    const start = this.#diskSize + this.#memorySize;
    const rejectedBefore = this.rejected.length;
    return {
      restart: async () => {
        this.rejected.length = rejectedBefore;
        await this.#cutTo(start);
      },
      row: (line) => {
        const row = decorate(line);
        this.#memory.push(row);
        this.#memorySize += row.length;
        return true;
      },
      reject: (raw, ordinal, reason) => {
        this.rejected.push({ raw, ordinal: rowsBefore + ordinal, reason });
      },
      flush: async () => {
        if (this.#memorySize > memoryBytes) await this.#spill();
      },
    };
  }

  /** The rows, line by line. */
  async *lines(): AsyncGenerator<Buffer> {
    if (this.#diskSize > 0) yield* fileLines(await this.#path());
    yield* this.#memory;
  }

  async discard(): Promise<void> {
    this.#memory = [];
    await this.#disk.discard();
  }

  async #spill(): Promise<void> {
    await this.#disk.write(Buffer.concat(this.#memory));
    this.#diskSize += this.#memorySize;
    this.#memory = [];
    this.#memorySize = 0;
  }

  async #cutTo(size: number): Promise<void> {
    if (size <= this.#diskSize) {
      await this.#disk.rewind(size === 0 ? { file: 0, bytes: 0 } : { file: 1, bytes: size });
      this.#diskSize = size;
      this.#memory = [];
      this.#memorySize = 0;
      return;
    }
    while (this.#diskSize + this.#memorySize > size) this.#memorySize -= this.#memory.pop()?.length ?? 0;
  }
}
