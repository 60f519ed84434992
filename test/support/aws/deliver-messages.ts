import type { FunctionHost } from '../lambda/function-host.ts';
import { type Assembly, region } from './assembly.ts';
import type { LocalQueues } from './local-queues.ts';

interface MappingProperties {
  readonly EventSourceArn: unknown;
  readonly FunctionName: unknown;
  readonly BatchSize: number;
}

/**
 * What Lambda's event source mappings do once: every message that can be received is given to the function, so many at
 * once as the mapping says, and deleted unless the function failed or named it as failed.
 */
export async function deliverMessages(
  assembly: Assembly,
  queues: LocalQueues,
  functions: ReadonlyMap<string, FunctionHost | undefined>,
): Promise<void> {
  for (const [, { Properties }] of assembly.resources('AWS::Lambda::EventSourceMapping')) {
    const { BatchSize, EventSourceArn, FunctionName } = Properties as unknown as MappingProperties;
    const arn = assembly.resolve(EventSourceArn);
    const id = arn.split(':').at(-1) ?? '';
    // The name of a function is a reference, the ARN of a version an output of another resource.
    const host = [...functions].find(([one]) =>
      one.toLowerCase().includes(assembly.resolve(FunctionName).toLowerCase()),
    );
    const messages = await queues.receive(id);
    for (let at = 0; at < messages.length; at += BatchSize) {
      const some = messages.slice(at, at + BatchSize);
      const Records = some.map(({ Body, MessageId, ReceiptHandle }) => ({
        messageId: MessageId,
        receiptHandle: ReceiptHandle,
        body: Body,
        attributes: { ApproximateReceiveCount: '1' },
        messageAttributes: {},
        eventSource: 'aws:sqs',
        eventSourceARN: arn,
        awsRegion: region,
      }));
      const answer = (await host?.[1]?.invoke({ Records })) as {
        readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
      };
      const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      await queues.remove(
        id,
        some.filter(({ MessageId }) => !failed.has(MessageId)),
      );
    }
  }
}
