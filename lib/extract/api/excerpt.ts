import type { Readable } from 'node:stream';
import type { Redactor } from './redactor.ts';

/** Characters of a response that a message quotes, as is usual for logs: enough for the reason, not a page. */
const excerptCharacters = 300;
/** Bytes read of a body that is only quoted. */
const excerptBytes = 16_384;

/** The first characters of a text on one line, without secrets. */
export function excerptOf(text: string, redactor: Redactor): string {
  const clean = redactor
    .text(text)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being removed
    .replace(/[\s\u0000-\u001f\u007f]+/g, ' ')
    .trim();
  const characters = [...clean];
  return characters.length <= excerptCharacters ? clean : `${characters.slice(0, excerptCharacters).join('')}…`;
}

/** The start of a body for a message, as far as it can be read at all; the rest is let go. */
export async function readExcerpt(body: Readable | undefined, redactor: Redactor): Promise<string> {
  return excerptOf(new TextDecoder().decode(await readStart(body)), redactor);
}

/** The first bytes of a body, as far as they can be read at all; the rest is let go. */
export async function readStart(body: Readable | undefined): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0);
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      pieces.push(piece);
      length += piece.length;
      if (length >= excerptBytes) break;
    }
  } catch {
    // The status is what is being reported; a broken body behind it adds nothing.
  }
  return Buffer.concat(pieces);
}
