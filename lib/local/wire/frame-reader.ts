/** The bytes of a connection do not follow the protocol, or a message is larger than allowed. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/**
 * Cuts a byte stream into whole messages. The first message of a connection has no type byte; call `takeUntyped` for
 * it. Chunks are joined once per message, so a large message costs one copy.
 */
export class FrameReader {
  private readonly chunks: Buffer[] = [];
  private bytes = 0;
  private readonly maxBytes: number;

  /** @param maxBytes  length above which a message is refused with FrameError */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /** Bytes received and not yet taken. */
  get buffered(): number {
    return this.bytes;
  }

  /** The next typed message, type and length included; undefined while it is incomplete. */
  take(): Buffer | undefined {
    return this.cut(1);
  }

  /** The next message without a type byte, its length included. */
  takeUntyped(): Buffer | undefined {
    return this.cut(0);
  }

  private cut(typeBytes: number): Buffer | undefined {
    const header = typeBytes + 4;
    if (this.bytes < header) return undefined;
    const head = this.peek(header);
    const length = head.readInt32BE(typeBytes);
    if (length < 4 || length > this.maxBytes) throw new FrameError(`message of ${length} bytes`);
    const total = length + typeBytes;
    return this.bytes < total ? undefined : this.shift(total);
  }

  private peek(count: number): Buffer {
    const first = this.chunks[0];
    if (first !== undefined && first.length >= count) return first;
    return Buffer.concat(this.chunks.slice(0, count), Math.min(this.bytes, 64 + count)).subarray(0, count);
  }

  private shift(count: number): Buffer {
    const first = this.chunks[0];
    this.bytes -= count;
    if (first !== undefined && first.length > count) {
      this.chunks[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    if (first !== undefined && first.length === count) {
      this.chunks.shift();
      return first;
    }
    const parts: Buffer[] = [];
    let missing = count;
    let used = 0;
    for (const chunk of this.chunks) {
      if (chunk.length > missing) {
        parts.push(chunk.subarray(0, missing));
        this.chunks[used] = chunk.subarray(missing);
        missing = 0;
        break;
      }
      parts.push(chunk);
      missing -= chunk.length;
      used += 1;
      if (missing === 0) break;
    }
    this.chunks.splice(0, used);
    return Buffer.concat(parts, count);
  }
}
