// By hand: pg-protocol parses what a server sends; no package cuts what a client sends without copying every message.

/** The bytes of a connection do not follow the protocol, or a message is larger than allowed. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** Bytes above which a Bind is left in the pieces it came in: joining them is the guard's largest single cost. */
const piecesAbove = 64 * 1024;
/** The first piece has at least this much, which holds the names of a portal and a statement unless they are absurd. */
const firstPieceBytes = 1024;
const bind = 0x42;

/**
 * Cuts a byte stream into whole messages. The first message of a connection has no type byte; call `takeUntyped` for
 * it. Chunks are joined once per message, except those of a large Bind, which `take` returns in pieces: the first, and
 * the others as `rest`.
 */
export class FrameReader {
  /** What of the last message taken follows the part `take` returned, when it was left in pieces. */
  rest: readonly Buffer[] = [];
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
    if (this.bytes < total) return undefined;
    const parts = this.shift(total);
    const inPieces = typeBytes === 1 && total > piecesAbove && head[0] === bind;
    const [first, ...others] = inPieces ? withFirstPiece(parts) : [joined(parts, total)];
    this.rest = others;
    return first;
  }

  private peek(count: number): Buffer {
    const first = this.chunks[0];
    if (first !== undefined && first.length >= count) return first;
    return Buffer.concat(this.chunks.slice(0, count), Math.min(this.bytes, 64 + count)).subarray(0, count);
  }

  private shift(count: number): readonly Buffer[] {
    this.bytes -= count;
    const parts: Buffer[] = [];
    let missing = count;
    let used = 0;
    for (const chunk of this.chunks) {
      if (chunk.length > missing) {
        parts.push(chunk.subarray(0, missing));
        this.chunks[used] = chunk.subarray(missing);
        break;
      }
      parts.push(chunk);
      missing -= chunk.length;
      used += 1;
      if (missing === 0) break;
    }
    this.chunks.splice(0, used);
    return parts;
  }
}

function joined(parts: readonly Buffer[], total: number): Buffer {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, total);
}

function withFirstPiece(parts: readonly Buffer[]): readonly Buffer[] {
  let bytes = 0;
  const count = parts.findIndex((part) => {
    bytes += part.length;
    return bytes >= firstPieceBytes;
  });
  return [joined(parts.slice(0, count + 1), bytes), ...parts.slice(count + 1)];
}
