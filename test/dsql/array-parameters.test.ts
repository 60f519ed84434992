import { readFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { expect, it } from 'vitest';

it('no statement casts a text to an array, which the database would do anew for every row that it compares', () => {
  const files = globSync(['lib/**/*.ts', 'functions/**/*.ts', 'bench/**/*.ts']);
  expect(files.length).toBeGreaterThan(300);
  const castOfText = /::text::[a-z$][^\s,)]*\[\]/;
  const found = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => castOfText.test(line) && !line.startsWith(' * '))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});
