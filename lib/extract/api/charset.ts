import { decodeLeniently } from '../encoding.ts';

/** The charset that a Content-Type names; undefined where it names none, or UTF-8, which JSON is in. */
export function otherCharset(contentType: string): string | undefined {
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1]?.toLowerCase();
  return charset === undefined || /^(utf-?8|us-ascii|ascii)$/.test(charset) ? undefined : charset;
}

/** Whether texts of a charset can be read. */
export function isKnownCharset(charset: string): boolean {
  try {
    new TextDecoder(charset);
    return true;
  } catch {
    return false;
  }
}

/** The pieces of a body in UTF-8. What does not fit the charset becomes U+FFFD. */
export async function* utf8Pieces(pieces: AsyncIterable<Buffer>, charset: string): AsyncGenerator<Buffer> {
  if (new TextDecoder(charset).encoding === 'windows-1252') {
    for await (const piece of pieces) yield Buffer.from(decodeLeniently(piece, 'windows-1252'));
    return;
  }
  const decoder = new TextDecoder(charset);
  for await (const piece of pieces) yield Buffer.from(decoder.decode(piece, { stream: true }));
  const rest = decoder.decode();
  if (rest !== '') yield Buffer.from(rest);
}
