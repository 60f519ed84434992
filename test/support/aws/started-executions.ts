import { serve, type TestServer } from '../http-server.ts';

/** An execution that was asked for. */
export interface StartedExecution {
  readonly name: string;
  readonly input: unknown;
}

/** Step Functions as far as starting executions goes: writes down which, for a test to run. */
export async function startedExecutions(): Promise<TestServer & { readonly taken: () => readonly StartedExecution[] }> {
  const started: StartedExecution[] = [];
  const server = await serve((incoming, answer) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    incoming.once('end', () => {
      const { input, name, stateMachineArn } = JSON.parse(body) as Record<string, string>;
      if (incoming.headers['x-amz-target'] !== 'AWSStepFunctions.StartExecution' || stateMachineArn === undefined) {
        answer.writeHead(400).end('{"__type":"ValidationException"}');
        return;
      }
      started.push({ name: name ?? '', input: JSON.parse(input ?? '{}') });
      const executionArn = `${stateMachineArn.replace('stateMachine', 'execution')}:${name}`;
      answer.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
      answer.end(JSON.stringify({ executionArn, startDate: Date.now() / 1000 }));
    });
  });
  return { ...server, url: server.url, taken: () => started.splice(0) };
}
