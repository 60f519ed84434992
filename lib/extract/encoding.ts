import type { Encoding } from '../config/source-file.ts';

/** Byte order marks, and what they say. */
const marks: readonly { readonly bytes: readonly number[]; readonly encoding: Encoding }[] = [
  { bytes: [0xef, 0xbb, 0xbf], encoding: 'utf-8' },
  { bytes: [0xff, 0xfe], encoding: 'utf-16le' },
  { bytes: [0xfe, 0xff], encoding: 'utf-16be' },
];

export interface ByteOrderMark {
  readonly encoding: Encoding;
  readonly length: number;
}

/** The byte order mark a file begins with, if it does. */
export function byteOrderMark(head: Uint8Array): ByteOrderMark | undefined {
  const mark = marks.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte));
  return mark === undefined ? undefined : { encoding: mark.encoding, length: mark.bytes.length };
}

/** The characters of windows-1252 for 0x80 to 0x9F; a blank where it has none. */
const windows1252 = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';

/** The TextDecoder of Node 20 takes windows-1252 for ISO-8859-1 and leaves 0x80 to 0x9F as they are. */
function decodeWindows1252(bytes: Uint8Array, undefinedAs: (byte: number) => string | undefined): string | undefined {
  const latin = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  let fits = true;
  const text = latin.replace(/[\u0080-\u009f]/g, (character) => {
    const byte = character.charCodeAt(0);
    const mapped = windows1252[byte - 0x80] as string;
    if (mapped !== ' ') return mapped;
    const other = undefinedAs(byte);
    fits &&= other !== undefined;
    return other ?? '';
  });
  return fits ? text : undefined;
}

/** The text, or undefined where a byte does not fit. A mark at its start is kept. */
export function decodeStrictly(bytes: Uint8Array, encoding: Encoding): string | undefined {
  if (encoding === 'windows-1252') return decodeWindows1252(bytes, () => undefined);
  if (encoding === 'iso-8859-1') return decodeWindows1252(bytes, (byte) => String.fromCharCode(byte));
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The text with U+FFFD where bytes do not fit; for people to read. */
export function decodeLeniently(bytes: Uint8Array, encoding: Encoding): string {
  if (encoding === 'windows-1252' || encoding === 'iso-8859-1') return decodeWindows1252(bytes, () => '\ufffd') ?? '';
  return new TextDecoder(encoding).decode(bytes);
}

/**
 * The encodings that some bytes fit and that people are likely to have meant, best first. Every byte fits
 * windows-1252 and most fit Shift_JIS, so Japanese is meant only where its characters stand together as they do in its texts.
 */
export function fittingEncodings(bytes: Uint8Array): readonly Encoding[] {
  if (looksLikeUtf16(bytes)) return bytes[0] === 0 ? ['utf-16be'] : ['utf-16le'];
  const fits = (encoding: Encoding): boolean => decodeStrictly(bytes, encoding) !== undefined;
  const japanese = (['shift_jis', 'euc-jp'] as const).filter(fits);
  const likely = japanese.filter((encoding) => looksJapanese(decodeStrictly(bytes, encoding) ?? ''));
  const others = japanese.filter((encoding) => !likely.includes(encoding));
  return [...(['utf-8'] as const).filter(fits), ...likely, ...(['windows-1252'] as const).filter(fits), ...others];
}

/**
 * Whether a text that was decoded as Japanese is Japanese. In European words read so, an accented letter and the one
 * behind it become one character between Latin letters; Japanese has few of its characters alone, and kana among them.
 */
function looksJapanese(text: string): boolean {
  const runs = text.match(/[\u0080-\uffff]+/g) ?? [];
  const characters = runs.reduce((sum, run) => sum + run.length, 0);
  const together = runs.filter((run) => run.length > 1).reduce((sum, run) => sum + run.length, 0);
  const kana = text.match(/[\u3040-\u30ff]/g)?.length ?? 0;
  const halfWidth = text.match(/[\uff61-\uff9f]/g)?.length ?? 0;
  return characters > 0 && together * 2 > characters && (halfWidth * 2 < characters || kana > 0);
}

/** Whether so many bytes are zero that they are halves of UTF-16; texts in other encodings have none. */
export function looksLikeUtf16(bytes: Uint8Array): boolean {
  let zeros = 0;
  for (let at = bytes.indexOf(0); at !== -1; at = bytes.indexOf(0, at + 1)) zeros += 1;
  return zeros * 8 > bytes.length;
}

export function hasNonAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1) if ((bytes[at] as number) > 0x7f) return true;
  return false;
}

/** Fewer misfits than this make no encoding wrong, unless nothing fits at all. */
const fewMisfits = 10;

/** Whether so many records that are not plain ASCII do not fit that the encoding must be another one. */
export function isWrongEncoding(misfits: number, nonAscii: number): boolean {
  return (misfits >= fewMisfits && misfits * 2 > nonAscii) || (misfits >= 3 && misfits >= nonAscii);
}
