import { Duration } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import type { DeployStage } from './deploy-stage.ts';
import { acknowledge } from './nag.ts';

/** Notices of runs: an encrypted topic with its subscribers, and the dead letter queue of undelivered events. */
export class Notices extends Construct {
  readonly topic: Topic;
  readonly deadLetters: Queue;
  private readonly key: IKey;
  /** Whether the key is the deployment's own, whose policy it writes. */
  private readonly ownKey: boolean;

  constructor(scope: Construct, id: string, props: { readonly stage: DeployStage; readonly config: Config }) {
    super(scope, id);
    const given = props.config.deploy.kms_keys.notices;
    this.ownKey = given === undefined;
    this.key = given === undefined ? this.makeKey(props.stage) : Key.fromKeyArn(this, 'Key', given);
    this.topic = new Topic(this, 'Topic', {
      displayName: `ETL ${props.stage.name}`,
      masterKey: this.key,
      enforceSSL: true,
    });
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'Alarms',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
      }),
    );
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...this.queueEncryption(),
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(this.deadLetters, 'AwsSolutions-SQS3', 'It is the dead letter queue itself.');
    this.subscribe(props.config);
  }

  private makeKey(stage: DeployStage): Key {
    const key = new Key(this, 'Key', {
      description: 'Notices of the ETL service',
      enableKeyRotation: true,
      removalPolicy: stage.removalPolicy,
      pendingWindow: Duration.days(7),
    });
    // Alarms publish as the service itself; the key must let it.
    key.grant(new ServicePrincipal('cloudwatch.amazonaws.com'), 'kms:Decrypt', 'kms:GenerateDataKey*');
    return key;
  }

  /** How queues are encrypted: with the key of `deploy.kms_keys.notices`, else with one of SQS. */
  queueEncryption(): Pick<QueueProps, 'encryption' | 'encryptionMasterKey'> {
    return this.ownKey
      ? { encryption: QueueEncryption.SQS_MANAGED }
      : { encryption: QueueEncryption.KMS, encryptionMasterKey: this.key };
  }

  /** What sending to those queues needs besides. */
  queueKeyStatements(): readonly PolicyStatement[] {
    return this.ownKey ? [] : [this.keyStatement()];
  }

  private keyStatement(): PolicyStatement {
    return new PolicyStatement({
      sid: 'Encrypt',
      actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
      resources: [this.key.keyArn],
    });
  }

  /** What publishing to the encrypted topic needs. */
  publishStatements(): readonly PolicyStatement[] {
    return [
      new PolicyStatement({ sid: 'Publish', actions: ['sns:Publish'], resources: [this.topic.topicArn] }),
      this.keyStatement(),
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
