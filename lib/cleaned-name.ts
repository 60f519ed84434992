import { createHash } from 'node:crypto';
import { maxIdentifierBytes } from './limits.ts';

/**
 * What a name of a source becomes as a name of a column, by itself:
 *
 * 1. Unicode NFKC, lower case; every run of characters that are no letter, mark, digit or `_` becomes one `_`, or
 *    nothing at either end.
 * 2. An empty name becomes `column_<position>`; a leading digit gets `_` before it.
 * 3. Over 63 bytes: cut between characters, then `_` and 8 hex digits of the whole name's SHA-256.
 *
 * @param position  1-based
 */
export function cleanName(source: string, position: number): string {
  // Most names are as they have to be, and the classes of Unicode take milliseconds to be compiled.
  if (plainName.test(source)) return source;
  const plain = source
    .normalize('NFKC')
    .toLowerCase()
    .replace(/^[^\p{L}\p{M}\p{N}_]+|[^\p{L}\p{M}\p{N}_]+$/gu, '')
    .replace(/[^\p{L}\p{M}\p{N}_]+/gu, '_');
  const named = plain === '' ? `column_${position}` : /^\p{N}/u.test(plain) ? `_${plain}` : plain;
  return Buffer.byteLength(named) <= maxIdentifierBytes ? named : suffixed(named, `_${hashOf(source)}`);
}

const plainName = new RegExp(`^[a-z_][a-z0-9_]{0,${maxIdentifierBytes - 1}}$`);

/** A name with something behind it, cut between characters so that it is no longer than an identifier may be. */
export function suffixed(name: string, suffix: string): string {
  let kept = '';
  for (const character of name) {
    if (Buffer.byteLength(kept + character + suffix) > maxIdentifierBytes) {
      break;
    }
    kept += character;
  }
  return kept + suffix;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
