import type { AddressInfo } from 'node:net';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { buildApp } from 'fauxqs';
import { account, region } from './assembly.ts';

/** S3, SNS and SQS on loopback, spoken to over HTTP. */
export interface LocalAws {
  readonly port: number;
  readonly s3: S3Client;
  /** A request of SQS, e.g. `SendMessage`. */
  readonly sqs: (target: string, body: object) => Promise<Record<string, unknown>>;
  readonly createBucket: (name: string) => Promise<void>;
  readonly putObject: (bucket: string, key: string, body: string | Uint8Array) => Promise<void>;
  /** A topic, and a function that takes what it has been told since the last time. */
  readonly createTopic: (
    name: string,
  ) => Promise<{ readonly arn: string; readonly messages: () => Promise<readonly Message[]> }>;
  readonly close: () => Promise<void>;
}

export interface Message {
  readonly subject: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Of an object or a part of one; the server's own limit is 11 MiB. S3 takes up to 5 GiB. */
const maxRequestBytes = 1024 ** 3;

export async function localAws(): Promise<LocalAws> {
  const app = buildApp({ logger: false, host: '127.0.0.1', defaultRegion: region });
  app.removeContentTypeParser('*');
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxRequestBytes }, (_, body, done) => done(null, body));
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const sns = new SNSClient({ endpoint, region, credentials });
  const sqs = async (target: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${target}` },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${target}: ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  return {
    port,
    s3,
    sqs,
    createBucket: async (Bucket) => {
      await s3.send(new CreateBucketCommand({ Bucket }));
    },
    putObject: async (Bucket, Key, Body) => {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    createTopic: async (name) => {
      const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name }));
      const { QueueUrl } = await sqs('CreateQueue', { QueueName: `${name}-listener` });
      await sns.send(
        new SubscribeCommand({
          TopicArn,
          Protocol: 'sqs',
          Endpoint: `arn:aws:sqs:${region}:${account}:${name}-listener`,
        }),
      );
      return {
        arn: TopicArn ?? '',
        messages: async () => {
          const found: Message[] = [];
          for (;;) {
            const { Messages } = await sqs('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 });
            const list = (Messages ?? []) as { readonly Body: string; readonly ReceiptHandle: string }[];
            if (list.length === 0) return found;
            for (const { Body, ReceiptHandle } of list) {
              found.push(messageOf(Body));
              await sqs('DeleteMessage', { QueueUrl, ReceiptHandle });
            }
          }
        },
      };
    },
    close: async () => {
      s3.destroy();
      sns.destroy();
      await app.close();
    },
  };
}

function messageOf(text: string): Message {
  const envelope = JSON.parse(text) as {
    readonly Subject: string;
    readonly Message: string;
    readonly MessageAttributes?: Readonly<Record<string, { readonly Value: string }>>;
  };
  const message = JSON.parse(envelope.Message) as Record<string, unknown>;
  // A message by protocol: SNS gives a queue the default one, the local server gives all of them.
  const body = typeof message.default === 'string' ? (JSON.parse(message.default) as Record<string, unknown>) : message;
  return {
    subject: envelope.Subject,
    body,
    attributes: Object.fromEntries(
      Object.entries(envelope.MessageAttributes ?? {}).map(([name, { Value }]) => [name, Value]),
    ),
  };
}
