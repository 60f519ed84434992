/** The local DSQL's own process: PostgreSQL, the guard before it, and the control socket. Started by `client.ts`. */
import { createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import { makePrivateFolder } from '../../private-folder.ts';
import { clusterHostname, loadCredentials } from '../gate/credentials.ts';
import { Guard } from '../gate/guard.ts';
import { localFolder } from '../postgres/folder.ts';
import { startPostgres } from '../postgres/server.ts';
import { dsqlLimits } from '../rules/limits.ts';
import { loadParser } from '../sql/parse-statements.ts';
import { loadCertificate } from './certificate.ts';
import { type ControlResponse, serverOptionsSchema } from './control-protocol.ts';
import { ControlServer } from './control-server.ts';
import { writePrivately } from './private-file.ts';

/** A starter that was killed before it could hold the server leaves it unused for this long. */
const unusedMs = 10_000;

/** Tells the starter, over the pipe it opened for that, that the server is ready or why it is not. */
function report(response: ControlResponse): void {
  const pipe = createWriteStream('', { fd: 3 });
  pipe.on('error', () => {});
  pipe.end(`${JSON.stringify(response)}\n`);
}

async function serve(): Promise<void> {
  const options = serverOptionsSchema.parse(JSON.parse(process.argv[2] ?? '{}'));
  const folder = localFolder(options.stateDir);
  makePrivateFolder(folder.root);
  const limits = { ...dsqlLimits, ...options.limits };
  const credentials = loadCredentials(folder.credentialsFile);
  const names = ['localhost', '127.0.0.1', '::1', clusterHostname(credentials)];
  const [certificate, postgres] = await Promise.all([
    loadCertificate(folder, names, systemClock.now()),
    startPostgres(folder, options.durability, limits.tempKilobytes),
    loadParser(),
  ]);
  const guard = await Guard.listen(
    {
      certificate,
      credentials,
      limits,
      socketPath: postgres.socketPath,
      now: () => systemClock.now().getTime(),
      sleep: (ms) => systemClock.sleep(ms),
    },
    options.port,
  );
  const controlSocket = join(folder.sockets, 'control');
  const startedAt = systemClock.now().toISOString();
  let stopping = false;
  const status = (): ControlResponse => ({
    ok: true,
    endpoint: {
      hostname: 'localhost',
      port: guard.port,
      region: credentials.region,
      caFile: folder.caFile,
      ca: certificate.ca,
      user: 'admin',
      pid: process.pid,
    },
    limits: { ...limits },
    postgresPid: postgres.pid,
    connections: guard.connected,
    controlSocket,
    startedAt,
    faults: guard.cluster.faults.get(),
  });
  const shutdown = async (code: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    control.stopHolding();
    guard.close();
    await postgres.stop();
    rmSync(folder.stateFile, { force: true });
    rmSync(folder.sockets, { recursive: true, force: true });
    process.exit(code);
  };
  const control = await ControlServer.listen(controlSocket, {
    status,
    setFaults: (request) => guard.cluster.faults.set(request.faults),
    isHealthy: () =>
      guard.cluster.locks.ask('SELECT 1').then(
        (one) => one === '1',
        () => false,
      ),
    shutdown: () => void shutdown(0),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void shutdown(0));
  void postgres.ended.then(() => shutdown(1));
  writePrivately(folder.stateFile, `${JSON.stringify(status())}\n`);
  setTimeout(() => control.shutdownIfUnused(), unusedMs);
  report(status());
}

serve().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  report({ ok: false, error: messageOf(error) });
  setTimeout(() => process.exit(1), 100);
});
