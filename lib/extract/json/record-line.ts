import { isUtf8 } from 'node:buffer';
import { maxRecordBytes } from '../../record-limit.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const openBrace = 0x7b;
const wrapStart = Buffer.from('{"value":');
const wrapEnd = Buffer.from('}');

/**
 * A record as one line of NDJSON, ending in a line feed, its digits and texts untouched. Line breaks between values
 * become blanks (JSON has none inside texts). A record that is no object becomes `{"value": …}`; null becomes nothing.
 */
export function recordLine(raw: Buffer): Buffer | undefined {
  const line = oneLine(raw);
  if (line[0] === openBrace) return Buffer.concat([line, newLine]);
  if (raw.equals(nullText)) return undefined;
  return Buffer.concat([wrapStart, line, wrapEnd, newLine]);
}

const newLine = Buffer.from('\n');
const nullText = Buffer.from('null');

/** Why a record is no row. */
export function recordProblem(raw: Buffer): string {
  if (raw.length >= maxRecordBytes) {
    return `The record has ${raw.length.toLocaleString('en-US')} bytes, more than the ${maxRecordBytes.toLocaleString('en-US')} that a row may have.`;
  }
  return isUtf8(raw) ? 'The record is null, not an object.' : 'The record is not valid UTF-8.';
}

function oneLine(raw: Buffer): Buffer {
  if (raw.indexOf(lineFeed) === -1 && raw.indexOf(carriageReturn) === -1) return raw;
  const line = Buffer.from(raw);
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === lineFeed || line[at] === carriageReturn) line[at] = 0x20;
  }
  return line;
}
