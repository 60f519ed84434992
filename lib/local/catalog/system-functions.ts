import { jobFunctions } from './job-functions.ts';
import { rowFunctions } from './row-functions.ts';
import { shownFunctions } from './shown-functions.ts';

/**
 * Functions of the system catalog and the guard's own, which stand in `pg_catalog` under names that begin with `dsql_`, so
 * that no schema of the guard's shows. Run after the catalog was made, and again in a data folder whose functions are
 * those of another version; so everything here can be run on the result of every earlier version.
 */
export const systemFunctions = `${shownFunctions}${jobFunctions}${rowFunctions}`;
