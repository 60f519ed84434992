/** Run by npm's `prepare`: restores the links of the embedded PostgreSQL's libraries, when it is installed. */
import { PostgresBinariesMissingError } from './errors.ts';
import { findPostgres, restoreLinks } from './postgres/binaries.ts';

try {
  restoreLinks(findPostgres());
} catch (error) {
  if (!(error instanceof PostgresBinariesMissingError)) throw error;
  process.stderr.write(`${error.message} Everything but the local DSQL works without it.\n`);
}
