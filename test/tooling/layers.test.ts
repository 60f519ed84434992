import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const root = path.resolve(import.meta.dirname, '..', '..');

/** Files that must each be refused, by the rule that refuses them. */
const refused: Readonly<Record<string, readonly [file: string, content: string]>> = {
  'lib-transform-layer': ['lib/transform/up.ts', "import '../load/load.ts';"],
  'lib-store-layer': ['lib/store/up.ts', "import type { Run } from '../run/run.ts'; export type A = Run;"],
  'lib-local-layer': ['lib/local/up.ts', "export const later = () => import('../cli/main.ts');"],
  'lib-state-layer': ['lib/state/up.ts', "export { load } from '../load/load.ts';"],
  'ground-imports-ground': ['lib/clock.ts', "import './config/config.ts';"],
  'functions-layer': ['functions/up.ts', "import '../lib/infra/app.ts';"],
  'folder-is-listed': ['lib/unheard/of.ts', "import '../config/config.ts';"],
  'pg-place': ['lib/load/driver.ts', "import type { Client } from 'pg'; export type A = Client;"],
  'aws-cdk-lib-place': ['lib/run/cdk.ts', "import { App } from 'aws-cdk-lib'; export const app = new App();"],
  '@middy/core-place': ['lib/run/middy.ts', "import middy from '@middy/core'; export const a = middy;"],
  '@aws-sdk/client-s3-place': ['lib/extract/s3.ts', "import { S3 } from '@aws-sdk/client-s3'; export const a = S3;"],
  'package-is-listed': ['lib/run/vitest.ts', "import { it } from 'vitest'; export const a = it;"],
  resolvable: ['lib/run/gone.ts', "import './gone-for-good.ts';"],
  'no-circle': ['lib/dsql/one.ts', "import type { Two } from './two.ts'; export type One = Two;"],
};

const around: readonly (readonly [file: string, content: string])[] = [
  ['lib/dsql/two.ts', "import type { One } from './one.ts'; export type Two = One;"],
  ['lib/load/load.ts', 'export const load = 1;'],
  ['lib/run/run.ts', "import { load } from '../load/load.ts'; export interface Run { readonly load: typeof load }"],
  ['lib/cli/main.ts', "import type { Run } from '../run/run.ts'; export type A = Run;"],
  ['lib/config/config.ts', 'export const config = 1;'],
  ['lib/infra/app.ts', 'export const app = 1;'],
];

const reportSchema = z.object({
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

describe('the layer rule', () => {
  let folder: string;
  let found: readonly string[];

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'etl-layers-'));
    for (const [file, content] of [...Object.values(refused), ...around]) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), content);
    }
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
    const command = path.join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
    const config = path.join(root, 'tooling', 'layers.config.mjs');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [command, '--config', config, '--output-type', 'json', 'lib', 'functions'],
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
    );
    found = reportSchema
      .parse(JSON.parse(stdout))
      .summary.violations.map(({ from, rule }) => `${rule.name}: ${path.dirname(from)}`);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const [rule, [file]] of Object.entries(refused)) {
    it(`refuses ${file} by ${rule}`, () => {
      expect(found).toContain(`${rule}: ${path.dirname(file)}`);
    });
  }

  it('refuses nothing else in a tree whose imports point the right way', () => {
    const expected = Object.entries(refused).map(([rule, [file]]) => `${rule}: ${path.dirname(file)}`);
    expect([...new Set(found)].sort()).toEqual([...expected].sort());
  });
});
