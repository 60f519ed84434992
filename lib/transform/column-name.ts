import { createHash } from 'node:crypto';
import { maxIdentifierBytes } from '../limits.ts';
import { stampColumns } from '../service-columns.ts';
import { RenameCollisionError } from './errors.ts';

/** Columns the service itself keeps in every table it creates, by their usual names. */
export const serviceColumns: readonly string[] = ['uuid_id', ...stampColumns];

/**
 * The one rule by which names of a source become names of columns, in this order:
 *
 * 1. Unicode NFKC, lower case; every run of characters that are no letter, mark, digit or `_` becomes one `_`, or
 *    nothing at either end.
 * 2. An empty name becomes `column_<position>`; a leading digit gets `_` before it.
 * 3. Over 63 bytes: cut between characters, then `_` and 8 hex digits of the whole name's SHA-256.
 * 4. A name that is taken already, by an earlier column or by the service, gets `_2`, `_3`, … (cut as in 3 if need be).
 *
 * Reserved words stay as they are, for every identifier is quoted. The same names in the same order give the same
 * result.
 *
 * @param taken    names no column may get, e.g. `serviceColumns`
 * @param renamed  names that were chosen, by name of the source; they are given first, by rules 1 to 3 alone
 * @throws {RenameCollisionError} when a chosen name is taken, or chosen twice
 */
export function cleanNames(
  sourceNames: readonly string[],
  taken: readonly string[],
  renamed: Readonly<Record<string, string>> = {},
): readonly string[] {
  const used = new Set(taken);
  const chosen = new Map<number, string>();
  for (const [source, wish] of Object.entries(renamed)) {
    const index = sourceNames.indexOf(source);
    const name = cleanName(wish, index + 1);
    if (index !== -1) {
      if (used.has(name)) {
        throw new RenameCollisionError({ source, name });
      }
      used.add(name);
      chosen.set(index, name);
    }
  }
  return sourceNames.map((source, index) => {
    const wish = chosen.get(index);
    if (wish !== undefined) {
      return wish;
    }
    const name = cleanName(source, index + 1);
    let unique = name;
    for (let n = 2; used.has(unique); n += 1) {
      unique = suffixed(name, `_${n}`);
    }
    used.add(unique);
    return unique;
  });
}

/** Steps 1 to 3 for one name; `position` is 1-based. */
export function cleanName(source: string, position: number): string {
  const plain = source
    .normalize('NFKC')
    .toLowerCase()
    .replace(/^[^\p{L}\p{M}\p{N}_]+|[^\p{L}\p{M}\p{N}_]+$/gu, '')
    .replace(/[^\p{L}\p{M}\p{N}_]+/gu, '_');
  const named = plain === '' ? `column_${position}` : /^\p{N}/u.test(plain) ? `_${plain}` : plain;
  return Buffer.byteLength(named) <= maxIdentifierBytes ? named : suffixed(named, `_${hashOf(source)}`);
}

function suffixed(name: string, suffix: string): string {
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
