import type { Assembly } from './assembly.ts';
import type { LocalAws } from './local-aws.ts';

/** A message as SQS gives it. */
export interface QueueMessage {
  readonly MessageId: string;
  readonly Body: string;
  readonly ReceiptHandle: string;
}

/** The queues of a template, on the local SQS by the names of their resources. */
export interface LocalQueues {
  readonly url: (id: string) => string;
  readonly send: (id: string, body: string) => Promise<void>;
  /** All messages that can be received now. */
  readonly receive: (id: string) => Promise<readonly QueueMessage[]>;
  readonly remove: (id: string, messages: readonly QueueMessage[]) => Promise<void>;
}

export async function localQueues(assembly: Pick<Assembly, 'resources'>, aws: LocalAws): Promise<LocalQueues> {
  const urls = new Map<string, string>();
  for (const [id, { Properties }] of assembly.resources('AWS::SQS::Queue')) {
    const { VisibilityTimeout: seconds = 30 } = (Properties ?? {}) as { readonly VisibilityTimeout?: number };
    const { QueueUrl } = await aws.sqs('CreateQueue', {
      QueueName: id,
      Attributes: { VisibilityTimeout: String(seconds) },
    });
    urls.set(id, String(QueueUrl));
  }
  const url = (id: string): string => urls.get(id) ?? '';
  return {
    url,
    send: async (id, body) => {
      await aws.sqs('SendMessage', { QueueUrl: url(id), MessageBody: body });
    },
    receive: async (id) => {
      const found: QueueMessage[] = [];
      for (;;) {
        const { Messages } = await aws.sqs('ReceiveMessage', { QueueUrl: url(id), MaxNumberOfMessages: 10 });
        const some = (Messages ?? []) as readonly QueueMessage[];
        if (some.length === 0) return found;
        found.push(...some);
      }
    },
    remove: async (id, messages) => {
      for (let at = 0; at < messages.length; at += 10) {
        const Entries = messages
          .slice(at, at + 10)
          .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
        await aws.sqs('DeleteMessageBatch', { QueueUrl: url(id), Entries });
      }
    },
  };
}
