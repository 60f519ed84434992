import { MemberNameCollisionError } from '../errors.ts';
import { fieldReader, memberPath } from './field-reader.ts';

/** Adds the name that a record has in its object to its line. */
export type NameMember = (line: Buffer, name: string) => Buffer;

/**
 * Adds names under a column of the configuration.
 *
 * @returns  undefined where there is none; else a function that throws when a record has a column of that name
 */
export function memberNamer(column: string | undefined): NameMember | undefined {
  if (column === undefined) return undefined;
  const present = fieldReader({ [column]: memberPath(column) });
  return (line, name) => {
    if (present(line).size > 0) throw new MemberNameCollisionError(column);
    const rest = line.subarray(1);
    const isEmpty = rest.toString('latin1', 0, 64).trimStart().startsWith('}');
    const added = `{${JSON.stringify(column)}:${JSON.stringify(name)}${isEmpty ? '' : ','}`;
    return Buffer.concat([Buffer.from(added), rest]);
  };
}
