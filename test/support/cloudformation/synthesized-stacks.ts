import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Synthesized, synthesize, synthesizeTemplates } from '../aws/assembly.ts';
import type { Cloud } from './cloud.ts';
import type { Pick } from './deploy-order.ts';
import { deployStack, type StackOutcome } from './stack.ts';
import type { Template } from './template.ts';

/** A stack of a cloud assembly, and what `cdk deploy` knows of it. */
export interface StackToDeploy {
  readonly name: string;
  readonly region: string;
  readonly template: Template;
  readonly terminationProtection: boolean;
  /** Where the code of its functions is. */
  readonly folder: string;
}

export interface SynthesisOptions {
  /** A folder of the test. */
  readonly folder: string;
  readonly config: string;
  readonly stage?: string;
  /** The outputs of the first pass of a pair. */
  readonly clusters?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Whether the functions are bundled too, which takes most of the time. */
  readonly code?: boolean;
}

/** The stacks of a configuration, in the order in which `cdk deploy --all` deploys them. */
export function stacksOf({
  clusters,
  code = false,
  config,
  folder,
  stage = 'dev',
}: SynthesisOptions): readonly StackToDeploy[] {
  const place = mkdtempSync(path.join(folder, 'synth-'));
  const file = path.join(place, 'etl.yaml');
  writeFileSync(file, config);
  const outputs = path.join(place, 'clusters.json');
  if (clusters !== undefined) writeFileSync(outputs, JSON.stringify(clusters));
  const outdir = path.join(place, 'cdk.out');
  mkdirSync(outdir);
  const make = code ? synthesize : synthesizeTemplates;
  const app: Synthesized = make(outdir, { config: file, stage, clusters: outputs });
  return app.stacks.map((stack) => ({
    ...stack,
    region: stack.region === 'unknown-region' ? 'us-east-1' : stack.region,
    folder: outdir,
    template: JSON.parse(readFileSync(path.join(outdir, `${stack.name}.template.json`), 'utf8')) as Template,
  }));
}

/** Templates of a release that was kept; see test/infra/releases/keep-release.mjs. */
export function keptTemplate(
  release: string,
  name: string,
  change: (text: string) => string = (text) => text,
): Template {
  const file = path.join('test/infra/releases', release, `${name}.json.gz`);
  return JSON.parse(change(gunzipSync(readFileSync(file)).toString('utf8'))) as Template;
}

/** Deploys stacks one after the other, each into its Region, and stops at the first that fails. */
export async function deployAll(
  cloud: Cloud,
  stacks: readonly StackToDeploy[],
  pick?: Pick,
): Promise<readonly StackOutcome[]> {
  const outcomes: StackOutcome[] = [];
  for (const stack of stacks) {
    const outcome = await deployStack(cloud.region(stack.region), {
      ...stack,
      ...(pick === undefined ? {} : { pick }),
    });
    outcomes.push(outcome);
    if (!/^(CREATE|UPDATE)_COMPLETE$/.test(outcome.status)) break;
  }
  return outcomes;
}
