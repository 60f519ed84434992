import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recipeNames } from '../../lib/cli/init/recipes.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;

beforeAll(async () => {
  space = await inProcess();
});

afterAll(async () => {
  await space.remove();
});

describe('etl init --from a well-known API', () => {
  it('writes its recipe with all comments, and says what to do', async () => {
    const made = await space.etl('init', '--from', 'stripe', '--yes', '--config', 'stripe.yaml');
    expect(made).toMatchObject({ status: 0, stderr: '' });
    expect(made.stdout).toMatch(
      /^Wrote the pipeline stripe_charges into stripe\.yaml\.\n.*\nSet STRIPE_KEY in the environment.*\nNext: etl preview stripe_charges\n$/,
    );
    const text = readFileSync(path.join(space.folder, 'stripe.yaml'), 'utf8');
    expect(text).toContain(readFileSync('examples/apis/stripe.yaml', 'utf8'));
    expect((await space.etl('check', '--config', 'stripe.yaml')).status).toBe(0);
  });

  it('adds every recipe behind the other pipelines, each with its own API', async () => {
    space.write('all.yaml', 'pipelines:\n  own:\n    source_type: file\n    file_path: a.csv\n    target_table: own\n');
    for (const name of recipeNames()) {
      expect(await space.etl('init', name, '--yes', '--config', 'all.yaml')).toMatchObject({ status: 0 });
    }
    const checked = await space.etl('check', '--config', 'all.yaml');
    expect(checked.stdout).toContain(`${recipeNames().length + 1} pipelines`);
    const text = readFileSync(path.join(space.folder, 'all.yaml'), 'utf8');
    expect(text).toContain('endpoint: https://api.stripe.com/v1/charges');
  });

  it('refuses one that is there already', async () => {
    space.write('twice.yaml', readFileSync('examples/apis/github.yaml', 'utf8'));
    const again = await space.etl('init', 'github', '--yes', '--config', 'twice.yaml');
    expect(again.status).toBe(2);
    expect(again.stderr).toContain('github_issues');
  });
});
