import type { FileSettings } from '../../config/pipeline.ts';
import { mapSideBySide } from '../../side-by-side.ts';
import type { ExtractRequest } from '../request.ts';
import { keepCursor } from '../stored-cursor.ts';
import { isLate } from './copy-to-part.ts';
import type { FileCursor } from './file-cursor.ts';
import type { FileKind } from './file-kind.ts';
import { assertUnchanged } from './fingerprint.ts';
import { fitsAsItIs } from './fits-as-it-is.ts';
import { requestsAtOnce } from './list-objects.ts';

/** Files after which is looked whether the time is up. */
const windowFiles = 16 * requestsAtOnce;

/** A source of which it is known which files have to be copied, as far as it has been looked at. */
export type LookedCursor = FileCursor & { readonly looked: number; readonly copies: readonly number[] };

/**
 * Looks at the first bytes of files, many at once, for those that have to be copied before their rows can be read. Of
 * thousands of objects each look waits for an answer.
 *
 * @param kinds  of all files
 * @returns the cursor, whose `looked` is behind the last file unless the time was up
 */
export async function lookAtFiles(
  cursor: FileCursor,
  kinds: readonly FileKind[],
  settings: FileSettings,
  request: ExtractRequest,
): Promise<LookedCursor> {
  const { files } = cursor;
  const { looked: before = cursor.done, copies: known = [] } = cursor;
  const copies = [...known];
  let looked = before;
  while (looked < files.length && (looked === before || !isLate(request))) {
    const numbers = [...files.slice(looked, looked + windowFiles).keys()].map((at) => looked + at);
    const fits = await mapSideBySide(numbers, requestsAtOnce, async (number) => {
      const [file, kind] = [files[number], kinds[number]];
      request.signal?.throwIfAborted();
      // Whether it may be empty is decided where its turn is.
      if (file === undefined || kind === undefined || file.bytes === 0) return true;
      await assertUnchanged(file);
      return await fitsAsItIs(file, kind, settings, request);
    });
    copies.push(...numbers.filter((_, at) => fits[at] === false));
    looked += numbers.length;
  }
  const found = { ...cursor, looked, copies };
  if (looked < files.length) await keepCursor(request, found);
  return found;
}
