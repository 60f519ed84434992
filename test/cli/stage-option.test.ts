import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

it('every command that reads a configuration can be told the stage, except those of the local DSQL', () => {
  const folder = path.resolve('lib/cli');
  const without = readdirSync(folder).filter((name) => {
    const text = readFileSync(path.join(folder, name), 'utf8');
    const count = (what: string): number => text.split(`.addOption(${what})`).length;
    return count('configOption()') !== count('stageOption()');
  });
  expect(without).toEqual(['local.ts']);
});
