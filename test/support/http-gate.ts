import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands between clients and an HTTP server on loopback. */
export interface HttpGate {
  readonly port: number;
  /** Resolves when a request may go on; set by a test. */
  pass: (asked: Pick<IncomingMessage, 'method' | 'url'>) => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openHttpGate(port: number): Promise<HttpGate> {
  const server = createServer((asked, answer) => {
    const forward = async (): Promise<void> => {
      await gate.pass(asked);
      const { headers, method, url } = asked;
      const onward = request({ host: '127.0.0.1', port, method, path: url, headers }, (given) => {
        answer.writeHead(given.statusCode ?? 502, given.headers);
        given.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      asked.on('error', () => onward.destroy());
      asked.pipe(onward);
    };
    answer.on('error', () => undefined);
    void forward();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gate: HttpGate = {
    port: (server.address() as AddressInfo).port,
    pass: async () => undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return gate;
}
