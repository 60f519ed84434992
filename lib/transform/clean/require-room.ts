import { maxTableColumns } from '../../limits.ts';
import { TooManyColumnsError } from '../errors.ts';

/** @throws {TooManyColumnsError} when a table cannot have so many; `columns` counts those of the service too */
export function requireRoom(columns: number): void {
  if (columns > maxTableColumns) throw new TooManyColumnsError({ columns, maximum: maxTableColumns });
}
