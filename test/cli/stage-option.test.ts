import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

it('every command that reads a configuration can be told the stage, except those of the local DSQL and the one that makes it', () => {
  const folder = path.resolve('lib/cli');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const counts = files.map((name) => {
    const text = readFileSync(path.join(folder, name), 'utf8');
    const count = (what: string): number => text.split(`.addOption(${what})`).length - 1;
    return { name, config: count('configOption()'), stage: count('stageOption()') };
  });
  expect(counts.reduce((sum, { config }) => sum + config, 0)).toBeGreaterThan(15);
  expect(counts.filter(({ config, stage }) => config !== stage).map(({ name }) => name)).toEqual([
    'init/init.ts',
    'local/local.ts',
  ]);
});
