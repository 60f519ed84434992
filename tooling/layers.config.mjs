/**
 * Which folder may import which, and which package may be used where; `npm run layers` checks it, types and dynamic
 * imports included. Whatever is not listed here is refused, so a new folder or package needs a line of its own.
 */

/** Files directly in lib: errors, ports and types that every folder shares. Every folder may import them. */
const ground = '^lib/[^/]+\\.ts$';

/** Folders of lib, and the other folders of lib each may import. */
const folders = {
  config: [],
  duckdb: [],
  store: [],
  aws: ['config'],
  dsql: [],
  local: [],
  state: ['dsql'],
  extract: ['config'],
  transform: ['config', 'duckdb'],
  load: ['config', 'duckdb', 'dsql', 'state'],
  scatter: ['config', 'duckdb', 'transform'],
  estimate: ['config', 'load', 'scatter'],
  run: ['config', 'duckdb', 'dsql', 'extract', 'transform', 'load', 'state', 'estimate'],
  preview: ['config', 'duckdb', 'dsql', 'extract', 'transform', 'load', 'state', 'estimate', 'run'],
  report: ['dsql', 'state', 'run', 'transform'],
  infra: ['config', 'run'],
  ui: ['config', 'dsql', 'extract', 'transform', 'load', 'state', 'run', 'report', 'preview'],
  cli: [
    'config',
    'aws',
    'store',
    'duckdb',
    'dsql',
    'local',
    'extract',
    'transform',
    'scatter',
    'load',
    'state',
    'estimate',
    'run',
    'report',
    'preview',
    'ui',
  ],
};

/** Folders beside lib, and what each may import. */
const outside = {
  functions: ['lib/(config|aws|store|dsql|extract|transform|scatter|load|state|run)/'],
  bin: ['lib/(cli|infra)/', 'functions/'],
  examples: ['lib/(aws|cli|config)/'],
  bench: ['lib/'],
};

/** Where each package may be imported. */
const packages = {
  zod: '^(lib|functions)/',
  'agent-base': '^lib/proxy-agents\\.ts$',
  'https?-proxy-agent': '^lib/proxy-agents\\.ts$',
  'proxy-from-env': '^lib/config/',
  'fastest-levenshtein': '^lib/nearest\\.ts$',
  yaml: '^lib/config/',
  'json-p3': '^lib/config/',
  pg: '^lib/dsql/',
  postgres: '^bench/',
  'playwright-core': '^bench/',
  '@aws-sdk/dsql-signer': '^lib/(dsql|local)/',
  '@aws-sdk/client-s3': '^(lib/(store|cli)|functions)/',
  '@aws-sdk/client-secrets-manager': '^lib/aws/',
  '@aws-sdk/credential-provider-node': '^lib/aws/',
  '@smithy/(core|signature-v4)': '^lib/aws/',
  '@aws-sdk/lib-storage': '^lib/store/',
  '@aws-sdk/client-sns': '^functions/',
  '@aws-sdk/client-(sqs|sfn)': '^functions/',
  '@duckdb/node-api': '^lib/(duckdb|load)/',
  picomatch: '^lib/extract/',
  tinyglobby: '^lib/(extract|infra)/',
  fzstd: '^lib/extract/',
  jose: '^lib/extract/',
  'csv-parse': '^lib/extract/',
  'fast-xml-parser': '^lib/extract/',
  '@peculiar/x509': '^lib/local/',
  'reflect-metadata': '^lib/local/',
  'libpg-query': '^lib/local/',
  commander: '^lib/cli/',
  hono: '^lib/ui/',
  '@hono/node-server': '^lib/ui/',
  croner: '^lib/ui/',
  uplot: '^lib/ui/',
  '@middy/core': '^functions/',
  '@aws-lambda-powertools/(logger|metrics|tracer)': '^functions/',
  'aws-cdk-lib': '^(lib/infra/|bin/app\\.ts$)',
  constructs: '^lib/infra/',
  'cdk-nag': '^lib/infra/',
  esbuild: '^(lib/infra|bench)/',
};

const product = '^(lib|functions|bin|examples|bench)/';
const own = `${product}|^test/`;
const named = (name) => `(^|/)node_modules/(@types/)?${name}(/|$)`;

export default {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: { path: product }, to: { couldNotResolve: true } },
    {
      name: 'folder-is-listed',
      comment: 'Every folder of lib has a line in tooling/layers.config.mjs.',
      severity: 'error',
      from: { path: '^lib/[^/]+/', pathNot: `^lib/(${Object.keys(folders).join('|')})/` },
      to: {},
    },
    {
      name: 'ground-imports-ground',
      severity: 'error',
      from: { path: ground },
      to: { path: own, pathNot: ground },
    },
    ...Object.entries(folders).map(([folder, others]) => ({
      name: `lib-${folder}-layer`,
      severity: 'error',
      from: { path: `^lib/${folder}/` },
      to: { path: own, pathNot: [ground, `^lib/(${[folder, ...others].join('|')})/`] },
    })),
    ...Object.entries(outside).map(([folder, others]) => ({
      name: `${folder}-layer`,
      severity: 'error',
      from: { path: `^${folder}/` },
      to: { path: own, pathNot: [ground, `^${folder}/`, ...others.map((other) => `^${other}`)] },
    })),
    {
      name: 'package-is-listed',
      comment: 'Every package has a line in tooling/layers.config.mjs.',
      severity: 'error',
      from: { path: product },
      to: { path: 'node_modules/', pathNot: Object.keys(packages).map(named) },
    },
    ...Object.entries(packages).map(([name, place]) => ({
      name: `${name}-place`,
      severity: 'error',
      from: { path: product, pathNot: place },
      to: { path: named(name) },
    })),
  ],
  options: {
    // TypeScript 7 has no programming interface that dependency-cruiser could use; swc reads type imports as well.
    parser: 'swc',
    tsPreCompilationDeps: true,
    moduleSystems: ['es6'],
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|cdk\\.out)/' },
  },
};
