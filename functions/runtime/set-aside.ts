import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientOptions } from '../../lib/aws/client-options.ts';
import { messageOf } from '../../lib/errors.ts';
import { ObjectNotKeptError } from './errors.ts';
import type { Failure } from './execution-failure.ts';

let client: SQSClient | undefined;

/**
 * Keeps an object that no run could load in the dead-letter queue, as the input of an execution that would load it.
 *
 * @throws {ObjectNotKeptError} transient
 */
export async function keepDeadLetter(
  { queueUrl, region }: { readonly queueUrl: string; readonly region: string },
  pipeline: string,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  { code, message }: Failure,
): Promise<void> {
  client ??= new SQSClient({ ...clientOptions(), region, useQueueUrlAsEndpoint: false });
  const text = (value: string): { readonly DataType: 'String'; readonly StringValue: string } => ({
    DataType: 'String',
    StringValue: value.slice(0, 1_000),
  });
  try {
    await client.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: JSON.stringify({ pipeline, object: { bucket, key } }),
        MessageAttributes: { pipeline: text(pipeline), error_code: text(code), error_message: text(message) },
      }),
    );
  } catch (cause) {
    throw new ObjectNotKeptError(messageOf(cause), { cause });
  }
}
