import http, { createServer } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';

/** A proxy on loopback, as companies have them. */
export interface TestProxy {
  /** With name and password where it wants them. */
  readonly url: string;
  readonly port: number;
  /** What was asked of it: `GET http://host/path` and `CONNECT host:port`. */
  readonly seen: string[];
  readonly close: () => Promise<void>;
}

export interface ProxyOptions {
  /** `name:password` that it wants. */
  readonly password?: string | undefined;
  /** What it answers to CONNECT, byte for byte, instead of connecting; an empty text is no answer. */
  readonly answer?: string | undefined;
  /** Where it connects to instead of the host that it is asked for: its own look-up of names. */
  readonly hosts?: Readonly<Record<string, string>> | undefined;
}

export async function httpProxy({ answer, hosts = {}, password }: ProxyOptions = {}): Promise<TestProxy> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const wanted = password === undefined ? undefined : `Basic ${Buffer.from(password).toString('base64')}`;
  const server = createServer((request, response) => {
    seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (wanted !== undefined && request.headers['proxy-authorization'] !== wanted) {
      response.writeHead(407).end();
      return;
    }
    const url = new URL(request.url ?? '');
    const { 'proxy-authorization': _, ...headers } = request.headers;
    const host = hosts[url.hostname] ?? url.hostname;
    const onward = http.request({
      host,
      port: url.port,
      path: `${url.pathname}${url.search}`,
      method: request.method,
      headers,
    });
    onward.once('response', (answered) => {
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(response);
    });
    onward.once('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('connect', (request, socket: Socket) => {
    seen.push(`CONNECT ${request.url ?? ''}`);
    if (answer !== undefined) {
      if (answer !== '') socket.end(answer);
      return;
    }
    if (wanted !== undefined && request.headers['proxy-authorization'] !== wanted) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const [host = '', port] = (request.url ?? '').split(':');
    const onward = net.connect(Number(port), hosts[host] ?? host);
    sockets.add(onward);
    onward.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.once('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${password === undefined ? '' : `${password}@`}127.0.0.1:${port}`,
    port,
    seen,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
