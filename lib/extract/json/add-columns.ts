import { FieldCollisionError } from '../errors.ts';
import { fieldReader, memberPath } from './field-reader.ts';

/** Adds values, as JSON, to the row of a line. */
export type AddColumns = (line: Buffer, values: readonly string[]) => Buffer;

/**
 * Adds columns to rows.
 *
 * @param setting  of the configuration that names them, for messages
 * @returns        a function that throws {@link FieldCollisionError} when a row has a column of such a name
 */
export function columnAdder(columns: readonly string[], setting: string): AddColumns {
  const present = fieldReader(Object.fromEntries(columns.map((column) => [column, memberPath(column)])));
  const names = columns.map((column) => JSON.stringify(column));
  return (line, values) => {
    const taken = present(line).keys().next().value;
    if (taken !== undefined) throw new FieldCollisionError(taken, setting);
    const added = names.map((name, at) => `${name}:${oneLine(values[at] ?? 'null')}`).join(',');
    const rest = line.subarray(1);
    const isEmpty = rest.toString('latin1', 0, 64).trimStart().startsWith('}');
    return Buffer.concat([Buffer.from(`{${added}${isEmpty ? '' : ','}`), rest]);
  };
}

/** JSON has line breaks between values only. */
function oneLine(json: string): string {
  return json.replace(/[\r\n]/g, ' ');
}
