import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Act, ActDemand, PerformAct } from './act.ts';

/** Acts at work at once; each is a process that loads. */
const atOnce = 2;
/** Acts that are remembered; what older ones did is in the log. */
const remembered = 100;

/** The acts that the page was asked for, while its process lasts. */
export class Acts {
  readonly #acts = new Map<string, Act>();
  readonly #waiting: (() => void)[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #perform: PerformAct;
  readonly #clock: Pick<Clock, 'now'>;
  #working = 0;

  constructor(perform: PerformAct, clock: Pick<Clock, 'now'>) {
    this.#perform = perform;
    this.#clock = clock;
  }

  /** Begins an act, or lets it wait for others. @returns its id */
  start(demand: ActDemand): string {
    const id = randomUUID();
    this.#acts.set(id, { id, demand, state: 'waiting', began: this.#clock.now() });
    for (const old of [...this.#acts.values()].slice(0, -remembered)) {
      if (old.state === 'done') this.#acts.delete(old.id);
    }
    const work = this.#work(id, demand);
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
    return id;
  }

  /** An act by its id; undefined where it is not remembered. */
  get(id: string): Act | undefined {
    return this.#acts.get(id);
  }

  /** The act that is done by a process now. */
  inProcess(pid: number): Act | undefined {
    return this.runningNow().find((act) => act.pid === pid);
  }

  /** The acts that run something now. */
  runningNow(): readonly Act[] {
    const all = [...this.#acts.values()];
    return all.filter(({ demand, state }) => state === 'working' && !demand.kind.startsWith('preview_'));
  }

  /** Stops what is at work between two transactions, and waits until it has ended. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const begin of this.#waiting.splice(0)) begin();
    await Promise.all(this.#underWay);
  }

  async #work(id: string, demand: ActDemand): Promise<void> {
    if (this.#working >= atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#working += 1;
    this.#change(id, { state: 'working' });
    const outcome = await this.#perform(
      demand,
      (progress, pid) => this.#change(id, { progress, pid }),
      this.#stop.signal,
    );
    this.#change(id, { state: 'done', outcome });
    this.#working -= 1;
    this.#waiting.shift()?.();
  }

  #change(id: string, change: Partial<Act>): void {
    const act = this.#acts.get(id);
    if (act !== undefined) this.#acts.set(id, { ...act, ...change });
  }
}
