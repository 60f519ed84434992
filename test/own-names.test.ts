import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../functions/runtime/execution-failure.ts';
import { pipelineOf } from '../functions/runtime/pipeline-input.ts';
import { parseConfig } from '../lib/config/read-config.ts';
import { secretResolver } from '../lib/config/resolve-secret.ts';
import { parentReader } from '../lib/extract/api/parent-fields.ts';
import { readStartup } from '../lib/local/gate/startup.ts';
import { ownValue } from '../lib/own-value.ts';
import { columnType } from '../lib/transform/infer/column-type.ts';
import { ownType } from '../lib/transform/infer/own-type.ts';
import { checkExpressions } from '../lib/transform/rules/check-expressions.ts';

/** What every object has without having been given it. */
const inherited = Object.getOwnPropertyNames(Object.prototype);
const config = parseConfig(
  'pipelines: { users: { source_type: file, file_path: a.csv, target_table: users } }',
  'etl.yaml',
);

describe('a name that every object has from its prototype', () => {
  it.each(inherited)('is no pipeline: %s', (name) => {
    expect(() => pipelineOf(config, { pipeline: name })).toThrow(/There is no pipeline/);
  });

  it.each(inherited)('is no failure of Step Functions: %s', (name) => {
    expect(failureOf(name, { Error: name, Cause: 'why' })).toEqual({ error: name, code: 'unexpected', message: 'why' });
  });

  it.each(inherited)('is no key of a secret: %s', async (name) => {
    const environment = { home: undefined, ci: false, variable: () => undefined };
    const resolve = secretResolver(environment, async () => '{"password": "x"}');
    await expect(resolve({ secret: 'db', key: name })).rejects.toThrow(/has no text under the key/);
  });

  it.each(inherited)('is a field of a parent like another: %s', (name) => {
    const read = parentReader([name], 'users');
    expect(ownValue(read(Buffer.from(`{"${name}": 7}`)), name)).toBe('7');
    expect(() => read(Buffer.from('{"id": 7}'))).toThrow(/has no plain value/);
  });

  it.each(inherited)('is no type: %s', (name) => {
    expect(columnType(name)).toEqual({ kind: 'other', pg: name, duck: 'VARCHAR' });
    expect(ownType(name).pg).toBe('text');
  });

  it('is no function of rules', async () => {
    for (const name of inherited) {
      const rule = { type: 'filter', condition: `"${name}"(1) = 1` } as const;
      await expect(checkExpressions({ name: 'p', business_rules: [rule] })).rejects.toThrow(
        `there is no function ${name.toLowerCase()} for rules`,
      );
    }
  });

  it.each(inherited)('is a parameter of a session like another: %s', (name) => {
    const body = Buffer.from(`\0\x03\0\0${name}\0value\0\0`, 'latin1');
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    expect(Object.entries(readStartup(Buffer.concat([length, body])) ?? {})).toEqual([[name, 'value']]);
  });
});

it('a pipeline is known by its own name alone, whatever the name', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom(...inherited)), (name) => {
      fc.pre(name !== 'users' && name !== '');
      expect(() => pipelineOf(config, { pipeline: name })).toThrow(/There is no pipeline/);
    }),
  );
});
