import { Duration } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import type { DeployStage } from './deploy-stage.ts';
import { acknowledge } from './nag.ts';

/** Notices of runs: an encrypted topic with its subscribers, and the dead letter queue of undelivered events. */
export class Notices extends Construct {
  readonly topic: Topic;
  readonly deadLetters: Queue;
  private readonly key: Key;

  constructor(scope: Construct, id: string, props: { readonly stage: DeployStage; readonly config: Config }) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: 'Notices and dead letters of the ETL service',
      enableKeyRotation: true,
      removalPolicy: props.stage.removalPolicy,
      pendingWindow: Duration.days(7),
    });
    this.topic = new Topic(this, 'Topic', {
      displayName: `ETL ${props.stage.name}`,
      masterKey: this.key,
      enforceSSL: true,
    });
    // Alarms publish as the service itself; the key must let it.
    this.key.grant(new ServicePrincipal('cloudwatch.amazonaws.com'), 'kms:Decrypt', 'kms:GenerateDataKey*');
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'Alarms',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
      }),
    );
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(this.deadLetters, 'AwsSolutions-SQS3', 'It is the dead letter queue itself.');
    this.subscribe(props.config);
  }

  /** What publishing to the encrypted topic needs. */
  publishStatements(): readonly PolicyStatement[] {
    return [
      new PolicyStatement({ sid: 'Publish', actions: ['sns:Publish'], resources: [this.topic.topicArn] }),
      new PolicyStatement({
        sid: 'Encrypt',
        actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
        resources: [this.key.keyArn],
      }),
    ];
  }

  /** Keeping an undelivered event. */
  deadLetterStatement(): PolicyStatement {
    return new PolicyStatement({
      sid: 'KeepDeadLetters',
      actions: ['sqs:SendMessage'],
      resources: [this.deadLetters.queueArn],
    });
  }

  /** Addresses for everything, and for one pipeline each by a filter on the attribute `pipeline`. */
  private subscribe(config: Config): void {
    for (const email of new Set(config.deploy.notify.emails)) this.topic.addSubscription(new EmailSubscription(email));
    const pipelinesOf = new Map<string, string[]>();
    for (const [name, { notify }] of Object.entries(config.pipelines)) {
      for (const email of notify?.emails ?? []) {
        if (config.deploy.notify.emails.includes(email)) continue;
        pipelinesOf.set(email, [...(pipelinesOf.get(email) ?? []), name]);
      }
    }
    for (const [email, allowlist] of pipelinesOf) {
      const filterPolicy = { pipeline: SubscriptionFilter.stringFilter({ allowlist }) };
      this.topic.addSubscription(new EmailSubscription(email, { filterPolicy }));
    }
  }
}
