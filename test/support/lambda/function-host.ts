import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { StatesError } from '../states-interpreter/errors.ts';
import type { DeployedFunction } from './deployed-function.ts';

export interface FunctionHostOptions {
  readonly fn: DeployedFunction;
  /** Besides the function's own variables: what Lambda sets, and where AWS is. */
  readonly environment: Readonly<Record<string, string>>;
  /** The Node that runs it. */
  readonly node: string;
  readonly folder: string;
}

interface Sandbox {
  readonly child: ChildProcess;
  readonly output: { text: string };
  busy: boolean;
}

/** Runs a function of the cloud assembly as Lambda does: processes of its own, kept warm, one event each at a time. */
export class FunctionHost {
  readonly #options: FunctionHostOptions;
  readonly #sandboxes: Sandbox[] = [];
  #spawned = 0;
  /** How long after its beginning an invocation is killed; undefined lets it live. */
  killAfterMs: (event: unknown) => number | undefined = () => undefined;
  invocations = 0;
  log = '';
  /** The most that a process had in memory in the invocation that ended last, in MB. */
  lastPeakMb = 0;
  /** The least time that was left when an invocation ended. */
  leastLeftMs = Number.POSITIVE_INFINITY;

  constructor(options: FunctionHostOptions) {
    this.#options = options;
  }

  /** @throws {StatesError} by the name Step Functions sees */
  async invoke(event: unknown): Promise<unknown> {
    this.invocations += 1;
    const { fn } = this.#options;
    const sandbox = this.#sandboxes.find((one) => !one.busy) ?? (await this.#spawn());
    sandbox.busy = true;
    const requestId = randomUUID();
    const killAfter = this.killAfterMs(event);
    try {
      return await new Promise((resolve, reject) => {
        const deadlineMs = Date.now() + fn.timeoutSeconds * 1000;
        const timer = setTimeout(
          () => end('Sandbox.Timedout', `Task timed out after ${fn.timeoutSeconds}.00 seconds`),
          fn.timeoutSeconds * 1000,
        );
        const killer = killAfter === undefined ? undefined : setTimeout(() => sandbox.child.kill('SIGKILL'), killAfter);
        const onExit = (): void => end('Runtime.ExitError', `RequestId: ${requestId} Error: Runtime exited`);
        const onMessage = (message: { requestId?: string; payload?: string; error?: { errorType: string } }): void => {
          if (message.requestId !== requestId) return;
          clean();
          this.leastLeftMs = Math.min(this.leastLeftMs, deadlineMs - Date.now());
          const used = peakMegabytes(sandbox.child.pid ?? 0);
          this.lastPeakMb = used;
          if (used > fn.memoryMb) end('Runtime.OutOfMemory', `${used} MB of ${fn.memoryMb} MB`);
          else if (message.error !== undefined)
            reject(new StatesError(message.error.errorType, JSON.stringify(message.error)));
          else resolve(JSON.parse(message.payload ?? 'null'));
        };
        const clean = (): void => {
          clearTimeout(timer);
          clearTimeout(killer);
          sandbox.child.off('exit', onExit);
          sandbox.child.off('message', onMessage);
        };
        const end = (error: string, why: string): void => {
          clean();
          this.#sandboxes.splice(this.#sandboxes.indexOf(sandbox), 1);
          sandbox.child.kill('SIGKILL');
          reject(new StatesError(error, JSON.stringify({ errorType: error, errorMessage: why })));
        };
        sandbox.child.on('message', onMessage);
        sandbox.child.once('exit', onExit);
        forgetPeak(sandbox.child.pid ?? 0);
        sandbox.child.send({ requestId, event, deadlineMs });
      });
    } finally {
      sandbox.busy = false;
      this.log += sandbox.output.text;
      sandbox.output.text = '';
    }
  }

  async #spawn(): Promise<Sandbox> {
    const { environment, fn, folder, node } = this.#options;
    this.#spawned += 1;
    const tmp = path.join(folder, `${fn.handler}-${this.#spawned}`);
    mkdirSync(tmp, { recursive: true });
    const child = fork(path.resolve('test/support/lambda/runtime.cjs'), [], {
      execPath: node,
      execArgv: [],
      cwd: fn.codeDir,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'json',
      env: {
        PATH: '/usr/bin:/bin',
        ...fn.environment,
        ...environment,
        TMPDIR: tmp,
        LAMBDA_TASK_ROOT: fn.codeDir,
        _HANDLER: fn.handler,
        AWS_LAMBDA_FUNCTION_NAME: fn.logicalId,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memoryMb),
        AWS_EXECUTION_ENV: fn.runtime,
        AWS_XRAY_CONTEXT_MISSING: 'IGNORE_ERROR',
        _X_AMZN_TRACE_ID: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0',
        TEST_FUNCTION_ARN: fn.arn,
      },
    });
    const sandbox: Sandbox = { child, output: { text: '' }, busy: false };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        sandbox.output.text += text;
      });
    }
    await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`${fn.handler} did not start: ${sandbox.output.text}`)));
    });
    child.removeAllListeners('exit');
    this.#sandboxes.push(sandbox);
    return sandbox;
  }

  close(): void {
    for (const { child } of this.#sandboxes.splice(0)) child.kill('SIGKILL');
  }
}

/** Lets `peakMegabytes` count from now on (proc(5), clear_refs). */
function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Where that cannot be, the peak is that since the start of the process.
  }
}

/** The most a process has had in memory. */
function peakMegabytes(pid: number): number {
  try {
    return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}
