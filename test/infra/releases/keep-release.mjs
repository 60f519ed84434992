/**
 * Keeps the templates of a release as fixtures: `node test/infra/releases/keep-release.mjs FOLDER`, where FOLDER is a
 * built checkout of it (`git worktree add FOLDER COMMIT`, `npm ci` there). Hashes of code and files become numbers,
 * because what they stand for is not kept.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const here = import.meta.dirname;
const release = path.resolve(process.argv[2] ?? '.');
const { App } = await import(path.join(release, 'node_modules/aws-cdk-lib/index.js'));
const { buildApp } = await import(path.join(release, 'dist/lib/infra/app.js'));
const commit = execFileSync('git', ['-C', release, 'rev-parse', '--short=7', 'HEAD'], { encoding: 'utf8' }).trim();
const scratch = mkdtempSync(path.join(tmpdir(), 'etl-release-'));

/** What `cdk deploy --outputs-file` wrote after the first pass; the test puts the clusters it has in their place. */
const pair = path.join(scratch, 'clusters.json');
const outputsOf = (region, letter) => ({
  ClusterArn: `arn:aws:dsql:${region}:000000000000:cluster/${letter.repeat(26)}`,
  ClusterEndpoint: `${letter.repeat(26)}.dsql.${region}.on.aws`,
  ClusterIdentifier: letter.repeat(26),
});
writeFileSync(
  pair,
  JSON.stringify({
    'dsql-etl-dev-cluster-us-east-1': outputsOf('us-east-1', 'a'),
    'dsql-etl-dev-cluster-us-east-2': outputsOf('us-east-2', 'b'),
  }),
);

const samples = [
  { name: 'service', stage: 'dev' },
  { name: 'service', stage: 'prod' },
  { name: 'isolation', stage: 'dev' },
  { name: 'regions', stage: 'dev', clusters: path.join(scratch, 'none.json'), pass: 'first-' },
  { name: 'regions', stage: 'dev', clusters: pair, pass: 'second-' },
];

mkdirSync(path.join(here, commit), { recursive: true });
for (const [index, { name, pass = '', ...settings }] of samples.entries()) {
  const outdir = path.join(scratch, String(index));
  const context = {
    ...settings,
    config: path.join(here, `${name}.yaml`),
    '@aws-cdk/aws-lambda:recognizeLayerVersion': true,
    '@aws-cdk/aws-lambda:recognizeVersionProps': true,
    '@aws-cdk/aws-iam:minimizePolicies': true,
    '@aws-cdk/core:target-partitions': ['aws'],
    'aws:cdk:bundling-stacks': [],
  };
  for (const { stackName, templateFullPath } of buildApp(new App({ outdir, context })).synth().stacks) {
    const hashes = new Map();
    const text = readFileSync(templateFullPath, 'utf8').replace(/\b[0-9a-f]{64}\b/g, (hash) => {
      if (!hashes.has(hash)) hashes.set(hash, String(hashes.size + 1).padStart(64, '0'));
      return hashes.get(hash);
    });
    const file = path.join(here, commit, `${pass}${stackName}.json.gz`);
    writeFileSync(file, gzipSync(JSON.stringify(JSON.parse(text)), { level: 9 }));
    process.stdout.write(`${file}\n`);
  }
}
rmSync(scratch, { recursive: true });
