import path from 'node:path';
import { type App, type Stack, type StackProps, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { findConfig, type LoadedConfig, loadConfig } from '../config/read-config.ts';
import { defaultStage } from '../config/stages.ts';
import { Cluster, type ClusterProps, importCluster, type TargetCluster } from './cluster.ts';
import { ClusterStack } from './cluster-stack.ts';
import { type DeployStage, deployStage } from './deploy-stage.ts';
import { serviceParts } from './isolation.ts';
import { readPeers } from './peers.ts';
import { ServiceStack } from './service-stack.ts';
import { publishedCluster } from './shared-cluster.ts';

/**
 * The app of a configuration. Context: `config` (file), `stage` (default dev), `account`, `region`, and for two Regions
 * `clusters` (the outputs file of the first pass). Synthesis fails when cdk-nag finds something unacknowledged.
 *
 * @throws {InvalidConfigError | NotDeployableError} with every problem
 */
export function buildApp(app: App): App {
  const context = (name: string): string | undefined => {
    const value: unknown = app.node.tryGetContext(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const stage = deployStage(context('stage') ?? defaultStage);
  const loaded = loadConfig(findConfig(context('config'), process.cwd()), stage.name);
  const account = context('account');
  const { deploy } = loaded.config;
  if (deploy.regions === undefined) {
    const region = context('region');
    addService(app, loaded, stage, { account, region });
  } else {
    addPair(app, loaded, stage, { account, file: path.resolve(context('clusters') ?? 'clusters.json') });
  }
  for (const [key, value] of Object.entries(deploy.tags)) Tags.of(app).add(key, value);
  Tags.of(app).add('service', deploy.name);
  Tags.of(app).add('stage', stage.name);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}

interface Place {
  readonly account: string | undefined;
  readonly region: string | undefined;
}

function environmentOf({ account, region }: Place) {
  return { ...(account === undefined ? {} : { account }), ...(region === undefined ? {} : { region }) };
}

/** One Region: the cluster is the service's own, or exists already; with several services it has a stack of its own. */
function addService(app: App, loaded: LoadedConfig, stage: DeployStage, target: Place): void {
  const { config } = loaded;
  const { deploy } = config;
  const { hostname } = config.aurora_dsql;
  const name = `${deploy.name}-${stage.name}`;
  const settings = clusterSettings(config, stage);
  const env = environmentOf(target);
  const place = `/${deploy.name}/${stage.name}/cluster`;
  const cluster = ((): ((scope: Construct) => TargetCluster) => {
    if (hostname !== undefined) return (scope) => importCluster(scope, { ...config.aurora_dsql, hostname });
    if (deploy.isolation === 'none') return (scope) => new Cluster(scope, 'Target', settings);
    return (scope) => publishedCluster(scope, place);
  })();
  const shared = hostname === undefined && deploy.isolation !== 'none';
  const after = shared
    ? new ClusterStack(app, `${name}-cluster`, {
        env,
        description: 'The cluster of several ETL services',
        terminationProtection: stage.production,
        place,
        ...settings,
      })
    : undefined;
  addServices(app, loaded, stage, { name, env, cluster, after, terminationProtection: stage.production });
}

/** A service for everything, or one for each pipeline; they are deployed one after the other, for each makes tables. */
function addServices(
  app: App,
  { config, folder }: LoadedConfig,
  stage: DeployStage,
  {
    after,
    name,
    ...props
  }: StackProps & {
    readonly name: string;
    readonly cluster: (scope: Construct) => TargetCluster;
    /** What has to be there first. */
    readonly after: Stack | undefined;
  },
): void {
  let former = after;
  for (const part of serviceParts(config)) {
    const stack = new ServiceStack(app, `${name}${part.suffix}`, {
      ...props,
      ...part,
      description: 'ETL into Aurora DSQL',
      stage,
      folder,
    });
    if (former !== undefined) stack.addStackDependency(former);
    former = stack;
  }
}

function clusterSettings({ deploy }: Config, stage: DeployStage): ClusterProps {
  return {
    stage,
    name: deploy.name,
    deletionProtection: deploy.deletion_protection,
    kmsKeyArn: deploy.kms_key_arn,
    policy: deploy.cluster_policy,
  };
}

/** Two Regions: a cluster in each, peered by the second pass, and the service in one of them. */
function addPair(
  app: App,
  loaded: LoadedConfig,
  stage: DeployStage,
  { account, file }: { readonly account: string | undefined; readonly file: string },
): void {
  const { config } = loaded;
  const { deploy } = config;
  const regions = deploy.regions ?? [];
  const nameOf = (region: string): string => `${deploy.name}-${stage.name}-cluster-${region}`;
  const clusters = readPeers(file, regions, nameOf);
  const stacks = new Map(
    regions.map((region) => [
      region,
      new ClusterStack(app, nameOf(region), {
        env: environmentOf({ account, region }),
        description: 'A cluster of a multi-Region pair',
        ...clusterSettings(config, stage),
        terminationProtection: stage.production,
        ...(deploy.witness === undefined ? {} : { witness: deploy.witness }),
        ...(clusters === undefined ? {} : { clusters: clusters.map(({ arn }) => arn) }),
      }),
    ]),
  );
  const active = deploy.active_region ?? regions[0] ?? '';
  const near = clusters?.find(({ region }) => region === active);
  // Before the pair is peered there is nothing the service could connect to.
  if (near === undefined) return;
  addServices(app, loaded, stage, {
    name: `${deploy.name}-${stage.name}-service-${active}`,
    env: environmentOf({ account, region: active }),
    cluster: () => near,
    after: stacks.get(active),
  });
}
