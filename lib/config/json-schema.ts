import { z } from 'zod';
import { configSchema } from './config.ts';

/** The configuration's JSON Schema for editors, as text; committed as `config.schema.json`. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' });
  return `${JSON.stringify({ title: 'dsql-etl configuration', ...schema }, null, 2)}\n`;
}
