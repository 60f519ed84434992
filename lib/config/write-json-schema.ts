import { writeFileSync } from 'node:fs';
import { configJsonSchema } from './json-schema.ts';

/** `npm run schema`: writes `config.schema.json` anew from the zod definition. */
writeFileSync('config.schema.json', configJsonSchema());
