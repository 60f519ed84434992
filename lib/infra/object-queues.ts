import { Duration } from 'aws-cdk-lib';
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import type { Trigger } from '../config/deploy.ts';
import { longStatements } from './long-statements.ts';
import { quickFunctionSeconds } from './machine-task.ts';
import type { Notices } from './notices.ts';
import type { StageFunction } from './stage-function.ts';

/** Messages that collect notes in one call; with events of 1 KB far from the 6 MB that a function is given. */
const messagesAtOnce = 1_000;

/** Calls of collect for one queue at once, of which an account that allows ten functions has enough; the least there is. */
const callsAtOnce = 2;

/** At six times the function's timeout a message is received this often in a day and a half, while the cluster is down. */
const maxReceives = 180;

export interface ObjectQueuesProps {
  readonly config: Config;
  readonly notices: Notices;
}

/** A queue for each pipeline that objects start, and the rule that puts the events of its objects there. */
export class ObjectQueues extends Construct {
  /** By pipeline. */
  readonly queues: ReadonlyMap<string, Queue>;
  private readonly triggers: ReadonlyMap<string, Trigger>;

  constructor(scope: Construct, id: string, { config, notices }: ObjectQueuesProps) {
    super(scope, id);
    const triggers = Object.entries(config.pipelines).flatMap(([name, { trigger }]) =>
      trigger === undefined ? [] : [[name, trigger] as const],
    );
    this.triggers = new Map(triggers);
    this.queues = new Map(triggers.map(([name]) => [name, this.queue(name, notices)]));
  }

  /** Receiving and deleting messages, which Lambda does in the name of the function. */
  receiveStatements(): readonly PolicyStatement[] {
    return longStatements(
      'ReceiveEvents',
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      [...this.queues.values()].map((queue) => queue.queueArn),
    );
  }

  /** Lets the events come: to be called when what receives them is there. */
  open(collect: StageFunction, notices: Notices): void {
    for (const [name, trigger] of this.triggers) {
      const queue = this.queues.get(name);
      if (queue === undefined) continue;
      const mapping = new EventSourceMapping(this, `Mapping-${name}`, {
        target: collect.function,
        eventSourceArn: queue.queueArn,
        batchSize: messagesAtOnce,
        maxBatchingWindow: Duration.seconds(trigger.window_seconds),
        maxConcurrency: callsAtOnce,
        reportBatchItemFailures: true,
      });
      // Lambda looks whether the role may receive when the mapping is made.
      mapping.node.addDependency(collect.role);
      new Rule(this, `Rule-${name}`, {
        description: `Objects for pipeline ${name} that land in ${trigger.bucket}`,
        eventPattern: {
          source: ['aws.s3'],
          detailType: ['Object Created'],
          detail: { bucket: { name: [trigger.bucket] }, object: { key: keyPattern(trigger) } },
        },
        targets: [
          new SqsQueue(queue, {
            deadLetterQueue: notices.deadLetters,
            message: RuleTargetInput.fromObject({
              pipeline: name,
              time: EventField.fromPath('$.time'),
              detail: EventField.fromPath('$.detail'),
            }),
          }),
        ],
      });
    }
  }

  private queue(name: string, notices: Notices): Queue {
    return new Queue(this, `Queue-${name}`, {
      ...notices.queueEncryption(),
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      // AWS recommends six times the function's timeout.
      visibilityTimeout: Duration.seconds(6 * quickFunctionSeconds),
      deadLetterQueue: { queue: notices.deadLetters, maxReceiveCount: maxReceives },
    });
  }
}

/** Keys that begin and end as configured; every key when nothing is. */
function keyPattern({ prefix, suffix }: Trigger): readonly unknown[] {
  if (prefix !== '' && suffix !== '') return [{ wildcard: `${escapeWildcard(prefix)}*${escapeWildcard(suffix)}` }];
  if (prefix !== '') return [{ prefix }];
  return suffix === '' ? [{ exists: true }] : [{ suffix }];
}

function escapeWildcard(text: string): string {
  return text.replace(/[\\*]/g, '\\$&');
}
