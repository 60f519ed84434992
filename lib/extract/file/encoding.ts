import { type Encoding, encodings } from '../../config/source-file.ts';

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
 * windows-1252, so it comes last.
 */
export function fittingEncodings(bytes: Uint8Array): readonly Encoding[] {
  if (looksLikeUtf16(bytes)) return bytes[0] === 0 ? ['utf-16be'] : ['utf-16le'];
  const candidates: readonly Encoding[] = ['utf-8', 'shift_jis', 'euc-jp', 'windows-1252'];
  return candidates.filter((encoding) => encodings.includes(encoding) && decodeStrictly(bytes, encoding) !== undefined);
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
