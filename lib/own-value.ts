/**
 * The value under a name that comes from outside, in an object that is used as a table. Names that every object has from
 * its prototype, such as `constructor` and `toString`, are not found.
 */
export function ownValue<V>(table: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
