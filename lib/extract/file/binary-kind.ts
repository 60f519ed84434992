/** What the first bytes of a file say that it is, where that is no text. */
export interface BinaryKind {
  /** As people know it, with its article. */
  readonly name: string;
  /** What to do where a text was expected. */
  readonly remedy: string;
  /** It holds files, so it is not enough to unpack it once more. */
  readonly isArchive?: true;
}

/** What to do with an archive: each of its files can then be read by itself. */
export const unpackArchive =
  'Unpack it, pack each file in it by itself where it is large (gzip or zstd), and name the files by a glob or a prefix.';
/** Where a tar archive says that it is one: behind the name of its first file (POSIX, ustar). */
const tarMark = { at: 257, text: 'ustar' };
const saveSheet = 'Save its sheet as CSV.';

/** First bytes of formats that are taken for texts: by file(1) and the formats' specifications. */
const signatures: readonly { readonly bytes: string; readonly kind: BinaryKind }[] = [
  { bytes: '\x1f\x8b', kind: { name: 'a gzip file', remedy: 'Set compression: gzip.' } },
  { bytes: '\x28\xb5\x2f\xfd', kind: { name: 'a zstd file', remedy: 'Set compression: zstd.' } },
  { bytes: 'PK\x03\x04', kind: { name: 'a zip file', remedy: unpackArchive, isArchive: true } },
  { bytes: 'PK\x05\x06', kind: { name: 'an empty zip file', remedy: unpackArchive } },
  {
    bytes: '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1',
    kind: { name: 'an Excel file (or another of old Office)', remedy: saveSheet },
  },
  { bytes: 'PAR1', kind: { name: 'a Parquet file', remedy: 'Set format: parquet.' } },
  { bytes: 'BZh', kind: { name: 'a bzip2 file', remedy: unpackArchive } },
  { bytes: '\xfd7zXZ\x00', kind: { name: 'an xz file', remedy: unpackArchive } },
  { bytes: '7z\xbc\xaf\x27\x1c', kind: { name: 'a 7-Zip file', remedy: unpackArchive, isArchive: true } },
  { bytes: 'Rar!\x1a\x07', kind: { name: 'a RAR file', remedy: unpackArchive, isArchive: true } },
  { bytes: '%PDF-', kind: { name: 'a PDF file', remedy: 'Export its table as CSV.' } },
  { bytes: 'Obj\x01', kind: { name: 'an Avro file', remedy: 'Convert it to Parquet.' } },
  { bytes: 'ORC', kind: { name: 'an ORC file', remedy: 'Convert it to Parquet.' } },
  { bytes: 'ARROW1', kind: { name: 'an Arrow file', remedy: 'Convert it to Parquet.' } },
  { bytes: 'SQLite format 3\x00', kind: { name: 'an SQLite database', remedy: 'Export its table as CSV.' } },
];

/** What a file is that begins with these bytes, or undefined where it may be a text. */
export function binaryKind(head: Buffer): BinaryKind | undefined {
  if (head.toString('latin1', tarMark.at, tarMark.at + tarMark.text.length) === tarMark.text) {
    return { name: 'a tar archive', remedy: unpackArchive, isArchive: true };
  }
  const found = signatures.find(({ bytes }) => head.subarray(0, bytes.length).equals(Buffer.from(bytes, 'latin1')));
  if (found === undefined) return undefined;
  // Letters alone may begin a text; the others have bytes that no text has.
  const onlyLetters = /^[A-Za-z0-9]+$/.test(found.bytes);
  if (onlyLetters && !head.subarray(0, 512).includes(0)) return undefined;
  const isWorkbook = found.bytes.startsWith('PK') && head.includes('xl/');
  return isWorkbook ? { name: 'an Excel file', remedy: saveSheet } : found.kind;
}
