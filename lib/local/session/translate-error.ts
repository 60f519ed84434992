import * as errors from '../wire/dsql-errors.ts';
import { errorFields, errorResponse, withoutOwnContext } from '../wire/error-response.ts';
import type { BackendLink } from './backend-link.ts';

/** Whether PostgreSQL's error means that another transaction was in the way. */
export function isConflict(frame: Buffer, link: Pick<BackendLink, 'cancelledBy'>): boolean {
  const code = errorFields(frame).C;
  const wasCancelled = link.cancelledBy !== undefined;
  return code === '40001' || code === '40P01' || code === '55P03' || (code === '57014' && wasCancelled);
}

/** Whether PostgreSQL's error means that another session changed the catalog in the same moment. */
function isCatalogRace(frame: Buffer): boolean {
  const { C: code, M: message = '', s: schema } = errorFields(frame);
  if (code === '23505') return schema === 'pg_catalog';
  return (
    code === 'XX000' && /^(tuple concurrently |cache lookup failed |could not open relation with OID )/.test(message)
  );
}

/**
 * PostgreSQL's error as DSQL words it: conflicts and lock waits become DSQL's one conflict.
 *
 * @param link  over which it came, with nothing sent since
 */
export function translateError(frame: Buffer, link: Pick<BackendLink, 'cancelledBy' | 'keptFromTable'>): Buffer {
  if (link.keptFromTable || isCatalogRace(frame)) return errorResponse(errors.schemaChanged);
  if (isConflict(frame, link)) return errorResponse(errors.conflict);
  const { C: code, M: message = '' } = errorFields(frame);
  const space = /^temporary file size exceeds temp_file_limit \((\d+)kB\)/.exec(message)?.[1];
  if (space !== undefined) return errorResponse(errors.tooMuchSpace(Number(space)));
  return code === '54000' && message.startsWith('index row ')
    ? errorResponse(errors.keyTooLarge)
    : withoutOwnContext(frame);
}
