import { grouped } from '../grouped.ts';
import type { Exploded } from '../manifest.ts';

/** How records became rows, in a line. */
export function explodedLine({ empty, on_empty, path, records, rows }: Exploded): string {
  const made = `${grouped(records)} ${records === 1 ? 'record' : 'records'} → ${grouped(rows)} ${rows === 1 ? 'row' : 'rows'}, one for each element of ${path}`;
  if (empty === 0) return made;
  const them = `${grouped(empty)} ${empty === 1 ? 'record has' : 'records have'} no element`;
  return `${made}; ${them}, which ${on_empty === 'keep' ? 'is a row without one each' : 'is a filtered row each'}`;
}
