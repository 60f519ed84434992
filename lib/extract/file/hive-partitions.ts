import type { RawPart } from '../../manifest.ts';

/** What Hive and Spark write for a row without a value in the column. */
const noValue = '__HIVE_DEFAULT_PARTITION__';

/** The columns that the folders of a path are named after, as `year=2026/month=07/a.csv`; outer folders first. */
export function hivePartitions(path: string): NonNullable<RawPart['partitions']> {
  return path
    .split('/')
    .slice(0, -1)
    .flatMap((folder) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(folder) ?? [];
      if (name === undefined || value === undefined) return [];
      return [{ name: decoded(name), value: value === noValue ? null : decoded(value) }];
    });
}

/** Signs that a path cannot hold are written as `%3A`. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
