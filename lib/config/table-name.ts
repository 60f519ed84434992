import { z } from 'zod';

/** The name of a table, with or without its schema. */
export const tableNameSchema = z.string().regex(/^[^\s."][^."]*(\.[^."]+)?$/, 'must be a table name, or schema.table');
