import { randomUUID } from 'node:crypto';
import { serve } from '../http-server.ts';

/** What CloudFormation sends of a custom resource, without what it makes up for each request. */
export interface CustomResourceRequest {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly LogicalResourceId?: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Readonly<Record<string, unknown>>;
  readonly OldResourceProperties?: Readonly<Record<string, unknown>>;
}

/** The response that a function puts at the URL it was given, and what its invocation ended with. */
export interface CustomResourceResponse {
  readonly answers: readonly Readonly<Record<string, unknown>>[];
  readonly error: Error | undefined;
}

/** Invokes a function as CloudFormation does and collects what it answers until the invocation has ended. */
export async function askCustomResource(
  invoke: (event: unknown) => Promise<unknown>,
  request: CustomResourceRequest,
): Promise<CustomResourceResponse> {
  const answers: Readonly<Record<string, unknown>>[] = [];
  const server = await serve((incoming, response) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    incoming.once('end', () => {
      answers.push(JSON.parse(body) as Record<string, unknown>);
      response.end();
    });
  });
  try {
    const error = await invoke({
      ServiceToken: 'arn:aws:lambda:test',
      ResponseURL: `${server.url}/answer?X-Amz-Signature=1`,
      StackId: 'arn:aws:cloudformation:test',
      RequestId: randomUUID(),
      ResourceType: 'Custom::EtlBootstrap',
      LogicalResourceId: 'Bootstrap',
      ...request,
    }).then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
    return { answers, error };
  } finally {
    await server.close();
  }
}
