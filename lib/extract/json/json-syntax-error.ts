/** A text is not JSON. For the reader of a source, who says which source it was. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  /** 0-based offset in bytes. */
  readonly offset: number;
  readonly found: string;

  constructor(offset: number, found: string) {
    super(`Byte ${offset}: ${found}.`);
    this.offset = offset;
    this.found = found;
  }
}
