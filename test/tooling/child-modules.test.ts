import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..', '..');

/** How a text names a module of the build: by its path below dist, or to a loader of child processes that begins at lib. */
const namings: readonly (readonly [pattern: RegExp, folder: string])[] = [
  [/\bdist\/((?:lib|bin|functions|bench|examples)\/[\w/-]+)\.js\b/g, ''],
  [/\bload\('([\w/-]+)\.js'\)/g, 'lib/'],
];

// No compiler looks into the texts and scripts that children of tests run; one that cannot begin does nothing, and soon.
test('every module that a script or a text names is there', () => {
  const files = globSync(['{test,bench,tooling,examples}/**/*.{ts,mjs}'], { cwd: root });
  const named = files.flatMap((file) => {
    const content = readFileSync(path.join(root, file), 'utf8');
    return namings.flatMap(([pattern, folder]) =>
      [...content.matchAll(pattern)].map(([, name]) => ({ file, module: `${folder}${name}.ts` })),
    );
  });
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ module }) => !existsSync(path.join(root, module)))).toEqual([]);
});
