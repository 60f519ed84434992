import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configJsonSchema } from '../../lib/config/json-schema.ts';

it('the committed JSON Schema is the one the definition gives (npm run schema writes it anew)', () => {
  expect(readFileSync('config.schema.json', 'utf8')).toBe(configJsonSchema());
});
