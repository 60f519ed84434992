import { UnreadableSourceError } from '../errors.ts';
import type { LocalPart } from './local-part.ts';
import { partFormats } from './part-formats.ts';
import type { RawRows } from './raw-rows.ts';
import type { ReadContext } from './read-context.ts';
import { withPartColumns } from './source-column.ts';
import { uniteFields } from './unite-fields.ts';

/**
 * Reads every part into one relation. What cannot be read goes to `unreadable`, row by row.
 *
 * @throws {UnreadableSourceError} when parts are of different formats, or one cannot be read at all
 */
export async function readParts(parts: readonly LocalPart[], context: ReadContext): Promise<RawRows> {
  const [first] = parts;
  if (first === undefined) return { kind: 'text', relation: noRows, columns: [], rows: 0, parts: [] };
  const odd = parts.find((part) => part.format !== first.format);
  if (odd !== undefined) {
    throw new UnreadableSourceError({
      source: odd.source,
      problem: `this is ${odd.format} and other files of the source are not; make them pipelines of their own.`,
    });
  }
  const opened = await partFormats[first.format].open(parts, context);
  return withPartColumns(await opened.write(await uniteFields(opened)), parts);
}

const noRows = '(SELECT NULL::BIGINT AS o, NULL::UBIGINT AS h LIMIT 0)';
