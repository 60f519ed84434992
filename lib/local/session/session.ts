import type { Cluster } from '../cluster.ts';
import { type Rerun, simpleRerun, type Work } from '../concurrency/work.ts';
import type { Statement } from '../sql/statement.ts';
import * as errors from '../wire/dsql-errors.ts';
import { type DsqlError, errorResponse } from '../wire/error-response.ts';
import * as wire from '../wire/message.ts';
import { BackendClosedError, BackendError } from '../wire/postgres-connection.ts';
import { BackendLink } from './backend-link.ts';
import type { ClientStream } from './client-stream.ts';
import { Executor } from './executor.ts';
import { SessionBackend } from './session-backend.ts';
import { SessionOver } from './session-over.ts';

interface Prepared {
  readonly statements: readonly Statement[];
  readonly types: Buffer;
}

interface Portal {
  readonly statement: Statement | undefined;
  readonly rerun: Rerun;
}

/** One client's session: takes its messages in order and hands the statements they ask for to its executor. */
export class Session {
  private readonly client: ClientStream;
  private readonly cluster: Cluster;
  private readonly backend: SessionBackend;
  private readonly executor: Executor;
  private readonly prepared = new Map<string, Prepared>();
  private readonly portals = new Map<string, Portal>();
  private pending: Buffer[] = [];
  private pendingBinds = 0;
  private skipping = false;

  constructor(client: ClientStream, cluster: Cluster, user: string, parameters: Readonly<Record<string, string>>) {
    this.client = client;
    this.cluster = cluster;
    this.backend = new SessionBackend(cluster, new BackendLink(client, cluster.socketPath, user, parameters));
    this.executor = new Executor(this.backend);
  }

  /** Serves the client until either side ends the connection. */
  async run(): Promise<void> {
    try {
      for (let frame = await this.client.next(); frame !== undefined; frame = await this.client.next()) {
        if (frame[0] === wire.frontend.terminate) return;
        await this.backend.turn.enter();
        await this.take(frame).finally(() => this.backend.turn.leave());
      }
    } catch (error) {
      if (error instanceof BackendError)
        this.client.end(errorResponse({ severity: 'FATAL', sqlstate: error.sqlstate, message: error.message }));
      else if (error instanceof BackendClosedError) this.client.end(errorResponse(errors.terminated));
      else if (!(error instanceof SessionOver)) throw error;
    } finally {
      this.backend.close();
      this.client.close();
    }
  }

  private async take(frame: Buffer): Promise<void> {
    const type = frame[0];
    if (type === wire.frontend.query) await this.simpleQuery(wire.cstringAt(frame, 5)[0]);
    else if (type === wire.frontend.sync) await this.sync();
    else if (this.skipping) return;
    else if (type === wire.frontend.parse) await this.parse(frame);
    else if (type === wire.frontend.bind) this.bind(frame, this.client.rest);
    else if (type === wire.frontend.execute) await this.execute(frame);
    else if (type === wire.frontend.flush) await this.flush();
    else if (type === wire.frontend.describe || type === wire.frontend.close) this.pending.push(frame);
    else if (type === wire.frontend.functionCall) await this.refuseFunctionCall();
    else if (type !== wire.frontend.copyData && type !== wire.frontend.copyDone && type !== wire.frontend.copyFail) {
      this.client.end(errorResponse(errors.badMessage(type ?? 0)));
      throw new SessionOver();
    }
  }

  /** A FunctionCall is a query cycle of its own: its error is followed by ReadyForQuery, without a Sync. */
  private async refuseFunctionCall(): Promise<void> {
    await this.passPending();
    if (this.skipping) return;
    await this.executor.raise(errors.noFunctionCall);
    this.executor.finish();
  }

  /** Every statement of the text is run by itself, within one transaction of the guard's when there are several. */
  private async simpleQuery(text: string): Promise<void> {
    this.skipping = false;
    const statements = this.cluster.cache.statements(text);
    if (statements.length === 0) this.backend.link.write(wire.emptyQuery);
    const several = statements.length > 1 && this.backend.transaction === undefined;
    for (const statement of statements) {
      if (!(await this.runSimple(statement, several))) break;
    }
    await this.executor.endImplicit();
    this.executor.finish();
  }

  private async runSimple(statement: Statement, several: boolean): Promise<boolean> {
    if (several && this.backend.transaction === undefined && statement.kind !== 'begin') await this.backend.begin();
    const refusal = this.executor.refuse(statement);
    if (refusal !== undefined) {
      await this.executor.raise(refusal);
      return false;
    }
    if (statement.kind === 'begin' && this.executor.adoptImplicit()) return true;
    const rerun = statement.node === 'CopyStmt' ? undefined : simpleRerun;
    const work: Work = { statement, frames: [wire.query(statement.sql)], prelude: [], rerun };
    return await this.executor.run(work);
  }

  private async parse(frame: Buffer): Promise<void> {
    const [name, afterName] = wire.cstringAt(frame, 5);
    const [text, afterText] = wire.cstringAt(frame, afterName);
    const statements = this.cluster.cache.statements(text);
    const [statement] = statements;
    if (statements.length > 1) return await this.fail(errors.manyCommands);
    const refusal = statement === undefined ? undefined : this.executor.refuseText(statement);
    if (refusal !== undefined) return await this.fail(refusal);
    const types = frame.subarray(afterText);
    this.prepared.set(name, { statements, types });
    const sql = statement?.sql ?? '';
    this.pending.push(sql === text ? frame : wire.message('P', Buffer.concat([wire.cstrings(name, sql), types])));
  }

  private bind(first: Buffer, others: readonly Buffer[]): void {
    const [portal, afterPortal] = wire.cstringAt(first, 5);
    const [name, afterName] = wire.cstringAt(first, afterPortal);
    if (others.length > 0 && afterName >= first.length) {
      this.bind(Buffer.concat([first, ...others]), []);
      return;
    }
    const prepared = this.prepared.get(name);
    const values = [first.subarray(afterName), ...others];
    const size = values.reduce((sum, piece) => sum + piece.length, 0);
    const rerun = { types: prepared?.types ?? Buffer.alloc(2), values, size, simple: false };
    this.portals.set(portal, { statement: prepared?.statements[0], rerun });
    this.pending.push(first, ...others);
    this.pendingBinds += 1;
  }

  private async execute(frame: Buffer): Promise<void> {
    const [name, afterName] = wire.cstringAt(frame, 5);
    const portal = this.portals.get(name);
    if (portal?.statement === undefined) {
      this.pending.push(frame);
      return await this.passPending();
    }
    const refusal = this.executor.refuse(portal.statement);
    if (refusal !== undefined) return await this.fail(refusal);
    const isPartial = frame.readInt32BE(afterName) > 0;
    if (this.backend.transaction === undefined && (this.pendingBinds > 1 || isPartial)) await this.backend.begin();
    const prelude = this.pending;
    this.pending = [];
    this.pendingBinds = 0;
    const frames = [...prelude, frame, wire.sync];
    const rerun = isPartial || portal.statement.node === 'CopyStmt' ? undefined : portal.rerun;
    const work: Work = { statement: portal.statement, frames, prelude, rerun };
    if (!(await this.executor.run(work))) this.skipping = true;
  }

  private async flush(): Promise<void> {
    if (this.pendingBinds > 0 && this.backend.transaction === undefined) await this.backend.begin();
    await this.passPending();
    this.backend.link.release();
  }

  private async sync(): Promise<void> {
    await this.passPending();
    this.skipping = false;
    await this.executor.endImplicit();
    this.portals.clear();
    this.executor.finish();
  }

  private async passPending(): Promise<void> {
    const frames = this.pending;
    this.pending = [];
    this.pendingBinds = 0;
    if (frames.length > 0 && !(await this.backend.pass(frames))) this.skipping = true;
  }

  private async fail(error: DsqlError): Promise<void> {
    await this.passPending();
    if (this.skipping) return;
    this.skipping = true;
    await this.executor.raise(error);
  }
}
