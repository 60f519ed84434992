import path from 'node:path';
import { StoreKeyError } from './errors.ts';

/**
 * Where an object of a store lies on the local disk: below `root`, whatever the key.
 *
 * @param key  segments with `/` between them, and perhaps one at the end
 * @throws {StoreKeyError} terminal: a segment is empty, `.`, `..`, or has a character that leads elsewhere
 */
export function keyPath(root: string, key: string): string {
  const segments = key.replace(/\/$/, '').split('/');
  const leadsElsewhere = (segment: string): boolean => /^\.{0,2}$/.test(segment) || /[\\:\0]/.test(segment);
  if (segments.some(leadsElsewhere)) throw new StoreKeyError(key);
  return path.join(root, ...segments);
}
