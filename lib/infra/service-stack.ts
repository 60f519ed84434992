import { ArnFormat, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam';
import type { AssetCode } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { bootstrapResource } from './bootstrap.ts';
import { bundle } from './bundle.ts';
import type { TargetCluster } from './cluster.ts';
import type { DeployStage } from './deploy-stage.ts';
import { functionNames, functions } from './function-names.ts';
import { roleOf } from './isolation.ts';
import { Monitoring } from './monitoring.ts';
import { Notices } from './notices.ts';
import { ObjectQueues } from './object-queues.ts';
import { roleOutputs } from './outputs.ts';
import { RunMachine } from './run-machine.ts';
import { refuseEnvironmentSecrets } from './secrets.ts';
import { SourceFiles } from './source-files.ts';
import { stageFunctions } from './stage-functions.ts';
import { StagingBucket } from './staging-bucket.ts';
import { Triggers } from './triggers.ts';

export interface ServiceStackProps extends StackProps {
  readonly stage: DeployStage;
  /** Ends the state machine's name, where there are several services. */
  readonly suffix: string;
  readonly config: Config;
  /** Of the configuration; local files are relative to it. */
  readonly folder: string;
  /** Makes the cluster, or says which one it is. */
  readonly cluster: (scope: Construct) => TargetCluster;
}

/**
 * The service: what starts a run, the state machine that runs it, its functions, where it keeps its files, its notices,
 * and the cluster it loads into.
 *
 *     S3 events ─▶ queues ─▶ collect ─▶ ╮
 *     schedules ──────────────────────▶ machine ─▶ record · extract · transform · load · notify ─▶ cluster, staging, topic
 */
export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    // CloudFormation counts the bytes of a template, spaces included.
    super(scope, id, { ...props, suppressTemplateIndentation: true });
    const { stage } = props;
    refuseEnvironmentSecrets(props.config);
    const sources = new SourceFiles(this, 'Sources', { config: props.config, folder: props.folder });
    const { config } = sources;
    const { deploy } = config;
    if (deploy.permissions_boundary !== undefined) this.boundRoles(deploy.permissions_boundary);
    const cluster = props.cluster(this);
    const staging = new StagingBucket(this, 'Staging', {
      days: deploy.staging_days,
      stage,
      keyArn: deploy.kms_keys.staging,
    });
    const notices = new Notices(this, 'Notices', { stage, config });
    const role = roleOf(config);
    const service = `${deploy.name}-${stage.name}${props.suffix}`;
    const queues = new ObjectQueues(this, 'Objects', { config, notices });

    const etl = JSON.stringify(config);
    const { architecture } = deploy;
    const bundleOf = (duckDb: boolean): AssetCode =>
      bundle({
        entries: functionNames.filter((name) => functions[name].duckDb === duckDb),
        architecture,
        duckDb,
        config: etl,
      });
    const withoutDuckDb = bundleOf(false);
    const withDuckDb = bundleOf(true);
    const stages = stageFunctions(new Construct(this, 'Functions'), {
      config,
      stage,
      service,
      cluster,
      role,
      sources,
      staging,
      notices,
      queues,
      machine: this.formatArn({
        service: 'states',
        resource: 'stateMachine',
        resourceName: service,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
      code: (name) => (functions[name].duckDb ? withDuckDb : withoutDuckDb),
    });

    // Tables and the database role are there before anything can start a run.
    const bootstrap = bootstrapResource(this, { cluster, functions: stages, role });
    const machine = new RunMachine(this, 'Runs', {
      config,
      stage,
      name: service,
      retention: deploy.log_retention_days,
      functions: stages,
      notices,
      staging,
    });
    machine.node.addDependency(bootstrap);
    new Triggers(this, 'Triggers', {
      config,
      machine: machine.machine,
      notify: stages.notify,
      collect: stages.collect,
      notices,
    });
    queues.open(stages.collect, notices);
    const watched = [...queues.queues].map(([name, queue]) => ({ name, queue }));
    new Monitoring(this, 'Monitoring', {
      config,
      service,
      machine,
      functions: stages,
      notices,
      cluster,
      queues: watched,
    });

    new CfnOutput(this, 'StateMachine', { value: machine.machine.stateMachineArn, description: 'Runs pipelines' });
    new CfnOutput(this, 'Endpoint', { value: cluster.hostname, description: 'Of the cluster' });
    roleOutputs(this, stages);
    new CfnOutput(this, 'Topic', { value: notices.topic.topicArn, description: 'Tells of failures' });
  }

  /** Bounds every role of the stack, those that the CDK makes included. */
  private boundRoles(policy: string): void {
    const boundary = policy.startsWith('arn:')
      ? ManagedPolicy.fromManagedPolicyArn(this, 'Boundary', policy)
      : ManagedPolicy.fromManagedPolicyName(this, 'Boundary', policy);
    PermissionsBoundary.of(this).apply(boundary);
  }
}
