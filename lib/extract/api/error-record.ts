import { plainName } from './sign-words.ts';

/** Longer records are rows; an error says what went wrong, and little else. */
const maxErrorBytes = 16 * 1024;

/** Members that an error has besides what says that it is one. */
const ofErrors = new Set(
  'error errors errormessage errorcode errortype errordescription message messages code status statuscode type title detail details reason cause requestid traceid instance docs documentationurl moreinfo info help ok success fault exception'.split(
    ' ',
  ),
);

/** Whether a record has, or may have, a member named `error`; rows may have such a column. */
export function mentionsError(line: Buffer): boolean {
  return line.includes('"error') || line.includes('"Error');
}

/** Whether a record, an NDJSON line, is an error in the place of a row, e.g. `{"error": {"code": 503}}`. */
export function isErrorRecord(line: Buffer): boolean {
  if (line.length > maxErrorBytes || !mentionsError(line)) return false;
  const record = JSON.parse(line.toString()) as Readonly<Record<string, unknown>>;
  const names = Object.keys(record);
  if (!names.every((name) => ofErrors.has(plainName(name)))) return false;
  return names.some((name) => /^errors?$/.test(plainName(name)) && !isNothing(record[name]));
}

/** Whether a record is nothing but a message, as where an API wraps its error into a list. */
export function isMessageRecord(line: Buffer): boolean {
  if (line.length > maxErrorBytes || !/^\{\s*"messages?"/i.test(line.toString('utf8', 0, 64))) return false;
  const record = JSON.parse(line.toString()) as Readonly<Record<string, unknown>>;
  return Object.keys(record).every((name) => ofErrors.has(plainName(name)));
}

function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
