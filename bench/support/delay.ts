import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net';

/** A way to a server that takes longer: everything it answers comes later, in its order. */
export interface Delay {
  readonly host: string;
  readonly port: number;
  /** Most connections that were opened within any one second. */
  readonly mostPerSecond: () => number;
  readonly close: () => Promise<void>;
}

/**
 * Listens on loopback and passes connections on to a server; every answer comes `delayMs` later, which adds as much to
 * each round trip. What is under way at the same time is delayed at the same time.
 */
export async function openDelay(server: NetConnectOpts, delayMs: number): Promise<Delay> {
  const open = new Set<Socket>();
  const opened: number[] = [];
  const listener = createServer({ noDelay: true }, (client) => {
    opened.push(performance.now());
    const backend = connect(server);
    open.add(client).add(backend);
    client.pipe(backend);
    const late: { readonly due: number; readonly bytes: Buffer }[] = [];
    let waiting = false;
    const pass = (): void => {
      while (late[0] !== undefined && late[0].due <= performance.now()) client.write(late.shift()?.bytes ?? '');
      const next = late[0];
      waiting = next !== undefined;
      if (next === undefined) return;
      // A timer has whole milliseconds; the last part is waited for turn by turn.
      const left = next.due - performance.now();
      if (left > 1.2) setTimeout(pass, Math.floor(left - 0.2));
      else setImmediate(pass);
    };
    backend.on('data', (bytes) => {
      late.push({ due: performance.now() + delayMs, bytes });
      if (!waiting) pass();
    });
    const end = (): void => {
      client.destroy();
      backend.destroy();
      open.delete(client);
      open.delete(backend);
    };
    for (const socket of [client, backend]) socket.on('error', end).on('close', end);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  return {
    host: '127.0.0.1',
    port,
    mostPerSecond: () =>
      Math.max(0, ...opened.map((from) => opened.filter((at) => at >= from && at < from + 1_000).length)),
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
