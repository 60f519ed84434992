import { cleanName, suffixed } from '../cleaned-name.ts';

/**
 * The one rule by which names of a source become names of columns: each as `cleanName` gives it; a name that is taken
 * already, by an earlier column or by the service, gets `_2`, `_3`, … (cut to the length of an identifier if need be).
 *
 * Reserved words stay as they are, for every identifier is quoted. The same names in the same order give the same
 * result.
 *
 * @param taken   names no column may get, e.g. those of the service
 * @param wanted  whether the name at an index, from 0, is asked for; another takes no name from those, and gets an empty one
 */
export function cleanNames(
  sourceNames: readonly string[],
  taken: readonly string[],
  wanted: (index: number) => boolean = () => true,
): readonly string[] {
  const used = new Set(taken);
  return sourceNames.map((source, index) => {
    if (!wanted(index)) return '';
    const name = cleanName(source, index + 1);
    let unique = name;
    for (let n = 2; used.has(unique); n += 1) {
      unique = suffixed(name, `_${n}`);
    }
    used.add(unique);
    return unique;
  });
}
