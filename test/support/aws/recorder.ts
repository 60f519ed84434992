import { request as httpRequest, type IncomingMessage } from 'node:http';
import { serve, type TestServer } from '../http-server.ts';
import { account, region } from './assembly.ts';

/** One call of AWS as IAM would judge it. */
export interface AwsCall {
  /** Name of the function that made it. */
  readonly principal: string;
  /** e.g. `s3:GetObject` */
  readonly action: string;
  /** ARN of what it was about. */
  readonly resource: string;
}

/** What happens about a call of AWS, besides that it is written down. */
export interface Network {
  /** Before it is passed on; it may take its time. */
  before: (call: AwsCall) => Promise<void>;
  /** For some bytes of the response to a read of S3. */
  read: (principal: string, bytes: number) => void;
}

/** A loopback server that writes down what a function asks of AWS, and passes it on. */
export async function record(
  principal: string,
  upstream: { readonly port: number; readonly states: { readonly url: string } },
  calls: AwsCall[],
  network: Network,
): Promise<TestServer> {
  return await serve((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.once('end', async () => {
      const body = Buffer.concat(chunks);
      for (const call of callsOf(incoming, body)) {
        calls.push({ principal, ...call });
        await network.before({ principal, ...call });
      }
      const passed = httpRequest(
        {
          host: '127.0.0.1',
          port: serviceOf(incoming) === 'states' ? new URL(upstream.states.url).port : upstream.port,
          method: incoming.method,
          path: incoming.url,
          headers: incoming.headers,
        },
        (response) => {
          // S3 says 404, and not 403, only to those who may list the bucket.
          if (response.statusCode === 404) {
            for (const { resource } of callsOf(incoming, body).filter((call) => call.action === 's3:GetObject')) {
              calls.push({ principal, action: 's3:ListBucket', resource: resource.split('/')[0] ?? '' });
            }
          }
          answer.writeHead(response.statusCode ?? 500, response.headers);
          if (incoming.method === 'GET' && serviceOf(incoming) === 's3')
            response.on('data', (bytes: Buffer) => network.read(principal, bytes.length));
          response.pipe(answer);
        },
      );
      passed.once('error', () => answer.destroy());
      passed.end(body);
    });
  });
}

/** For which service a request is signed. */
function serviceOf(incoming: IncomingMessage): string | undefined {
  return /\/([a-z0-9-]+)\/aws4_request/.exec(incoming.headers.authorization ?? '')?.[1];
}

/** What IAM checks for a request of S3, or of SNS and SQS in either of their protocols. */
function callsOf(incoming: IncomingMessage, body: Buffer): readonly Omit<AwsCall, 'principal'>[] {
  const url = new URL(incoming.url ?? '/', 'http://aws');
  const service = serviceOf(incoming);
  if (service === 'sns') {
    const form = new URLSearchParams(body.toString());
    return [{ action: `sns:${form.get('Action')}`, resource: form.get('TopicArn') ?? '' }];
  }
  if (service === 'states' || service === 'sqs') {
    const asked = JSON.parse(body.toString()) as { readonly stateMachineArn?: string; readonly QueueUrl?: string };
    const action = String(incoming.headers['x-amz-target']).split('.')[1] ?? '';
    const queue = `arn:aws:sqs:${region}:${account}:${asked.QueueUrl?.split('/').at(-1)}`;
    return [{ action: `${service}:${action}`, resource: asked.stateMachineArn ?? queue }];
  }
  if (service !== 's3') return [{ action: `${service}:unknown`, resource: url.pathname }];
  const [, bucket = '', ...rest] = decodeURIComponent(url.pathname).split('/');
  const object = `arn:aws:s3:::${bucket}/${rest.join('/')}`;
  const { searchParams } = url;
  if (searchParams.has('list-type')) return [{ action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` }];
  if (searchParams.has('delete')) {
    return [...body.toString().matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key]) => ({
      action: 's3:DeleteObject',
      resource: `arn:aws:s3:::${bucket}/${key}`,
    }));
  }
  switch (incoming.method) {
    case 'GET':
    case 'HEAD':
      return [{ action: searchParams.has('versionId') ? 's3:GetObjectVersion' : 's3:GetObject', resource: object }];
    case 'PUT':
    case 'POST':
      return [{ action: 's3:PutObject', resource: object }];
    case 'DELETE':
      return [
        { action: searchParams.has('uploadId') ? 's3:AbortMultipartUpload' : 's3:DeleteObject', resource: object },
      ];
    default:
      return [{ action: `s3:${incoming.method}`, resource: object }];
  }
}
