import type { Encoding } from '../../config/source-file.ts';

const lineFeed = 0x0a;

/** Bytes of one code unit: line breaks are looked for on its boundaries only. */
export function unitBytes(encoding: Encoding): 1 | 2 {
  return encoding === 'utf-16le' || encoding === 'utf-16be' ? 2 : 1;
}

/**
 * First byte behind the next line feed at or after `from`, or -1. In all supported encodings of one-byte units the byte
 * 0x0A is never part of a longer character.
 */
export function lineEndAfter(bytes: Buffer, from: number, encoding: Encoding): number {
  if (unitBytes(encoding) === 1) {
    const at = bytes.indexOf(lineFeed, from);
    return at === -1 ? -1 : at + 1;
  }
  const low = encoding === 'utf-16le' ? 0 : 1;
  for (let at = from; ; at += 1) {
    at = bytes.indexOf(lineFeed, at);
    if (at === -1) return -1;
    const unit = at - low;
    if (unit >= from && unit % 2 === 0 && unit + 1 < bytes.length && bytes[unit + 1 - low] === 0) return unit + 2;
  }
}

/** How quotes make one record of several lines. */
export interface QuoteRules {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
}

/**
 * Whether a quoted field is still open behind these characters. A field is quoted only where the quote is its first
 * character; elsewhere a quote stands for itself.
 */
export function openQuoteAfter(text: string, open: boolean, rules: QuoteRules): boolean {
  const { delimiter, escape: mark, quote } = rules;
  if (quote === '') return false;
  if (!open && !text.includes(quote)) return false;
  let inside = open;
  let fieldStart = !open;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inside) {
      if (mark !== quote && character === mark) at += 1;
      else if (character === quote) {
        if (mark === quote && text[at + 1] === quote) at += 1;
        else inside = false;
      }
    } else if (fieldStart && character === quote) inside = true;
    fieldStart = !inside && (character === delimiter || character === '\n');
  }
  return inside;
}
