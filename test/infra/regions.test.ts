import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { synthesizeTemplates } from '../support/aws/assembly.ts';
import { checkProperties } from '../support/aws/property-check.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-regions-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const names = ['dsql-etl-dev-cluster-us-east-1', 'dsql-etl-dev-cluster-us-east-2'] as const;
const identifiers = ['a'.repeat(26), 'b'.repeat(26)] as const;
const regionOf = (name: string): string => name.slice(-9);
const arns = names.map((name, index) => `arn:aws:dsql:${regionOf(name)}:111122223333:cluster/${identifiers[index]}`);
const endpoints = names.map((name, index) => `${identifiers[index]}.dsql.${regionOf(name)}.on.aws`);

function synth(pass: string, extra = '') {
  const config = path.join(folder, 'etl.yaml');
  const deploy = `{ architecture: x86_64, regions: [us-east-1, us-east-2], witness: us-west-2 ${extra} }`;
  writeFileSync(
    config,
    `pipelines: { a: { source_type: file, file_path: s3://b/a.csv, target_table: a } }\ndeploy: ${deploy}\n`,
  );
  return synthesizeTemplates(path.join(folder, pass), { config, clusters: path.join(folder, 'clusters.json') });
}

/** What `cdk deploy --outputs-file` leaves after the first pass. */
function peered(): void {
  const outputs = Object.fromEntries(
    names.map((name, index) => [
      name,
      { ClusterArn: arns[index], ClusterEndpoint: endpoints[index], ClusterIdentifier: identifiers[index] },
    ]),
  );
  writeFileSync(path.join(folder, 'clusters.json'), JSON.stringify(outputs));
}

describe('two Regions', () => {
  it('begin with a cluster in each that knows its witness, and no service', () => {
    const app = synth('first');
    expect(app.stackNames).toEqual([...names]);
    for (const name of names) {
      const [cluster] = app.stack(name).resources('AWS::DSQL::Cluster');
      expect(cluster?.[1].Properties?.MultiRegionProperties).toEqual({ WitnessRegion: 'us-west-2' });
      expect(checkProperties(app.stack(name))).toEqual([]);
    }
  }, 60_000);

  it('are peered by the second pass, which adds the service beside the first cluster', () => {
    peered();
    const app = synth('second');
    expect(app.stackNames).toContain('dsql-etl-dev-service-us-east-1');
    for (const name of names) {
      const [cluster] = app.stack(name).resources('AWS::DSQL::Cluster');
      expect(cluster?.[1].Properties?.MultiRegionProperties).toEqual({ WitnessRegion: 'us-west-2', Clusters: arns });
    }
  }, 60_000);

  it('switch the service by one setting', () => {
    peered();
    const app = synth('switched', ', active_region: us-east-2');
    expect(app.stackNames).toContain('dsql-etl-dev-service-us-east-2');
    expect(app.stackNames).not.toContain('dsql-etl-dev-service-us-east-1');
    const service = app.stack('dsql-etl-dev-service-us-east-2');
    const [load] = service
      .resources('AWS::Lambda::Function')
      .filter(([, { Properties }]) => Properties?.Handler === 'load.handler');
    const properties = load?.[1].Properties as { Environment: { Variables: Record<string, unknown> } } | undefined;
    const variables = properties?.Environment.Variables ?? {};
    expect(variables.ETL_DSQL_REGION).toBe('us-east-2');
    expect(variables.ETL_DSQL_HOSTNAME).toBe(endpoints[1]);
  }, 60_000);

  it('need no change of either cluster, and nothing of the other Region, when the service moves', () => {
    peered();
    const [before, after] = [synth('before'), synth('after', ', active_region: us-east-2')];
    for (const name of names) expect(after.stack(name).template).toEqual(before.stack(name).template);
    const service = JSON.stringify(after.stack('dsql-etl-dev-service-us-east-2').template);
    // The dashboard's text names the Region of its list prices.
    expect(service.replace('list prices of us-east-1', '')).not.toMatch(/us-east-1|ImportValue/);
    for (const app of [before, after]) {
      for (const name of app.stackNames)
        expect(JSON.stringify(app.stack(name).template)).not.toMatch(/ImportValue|"Export"/);
    }
  }, 60_000);

  it('are refused when the outputs of the first pass are of other stacks', () => {
    writeFileSync(path.join(folder, 'clusters.json'), '{"other": {}}');
    expect(() => synth('wrong')).toThrow(/has no ClusterArn of dsql-etl-dev-cluster-us-east-1/);
  });
});
