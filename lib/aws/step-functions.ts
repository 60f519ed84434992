import { z } from 'zod';
import { ServiceNotDeployedError } from './errors.ts';
import type { CallService } from './signed-json.ts';

/** Step Functions gives moments as seconds since 1970. */
const moment = z.number().transform((seconds) => new Date(seconds * 1000));

const machinesSchema = z.object({
  stateMachines: z.array(z.object({ name: z.string(), stateMachineArn: z.string() })),
  nextToken: z.string().nullish(),
});
const executionsSchema = z.object({
  executions: z.array(z.object({ executionArn: z.string(), name: z.string(), status: z.string() })),
  nextToken: z.string().nullish(),
});
const executionSchema = z.object({
  executionArn: z.string(),
  name: z.string(),
  status: z.string(),
  startDate: moment,
  stopDate: moment.nullish(),
  input: z.string().nullish(),
  output: z.string().nullish(),
  error: z.string().nullish(),
  cause: z.string().nullish(),
});
const historySchema = z.object({
  events: z.array(
    z.looseObject({
      timestamp: moment,
      id: z.number(),
      stateEnteredEventDetails: z.object({ name: z.string() }).nullish(),
    }),
  ),
  nextToken: z.string().nullish(),
});

export type Execution = z.infer<typeof executionSchema>;

/** When an execution entered a state; `id` orders the events of an execution. */
export interface StateEntered {
  readonly id: number;
  readonly state: string;
  readonly at: Date;
}

/** The executions of one state machine. */
export interface StateMachineClient {
  /** @param name  makes starting it again with the same input the same execution */
  readonly start: (name: string, input: object) => Promise<string>;
  readonly describe: (executionArn: string) => Promise<Execution>;
  /** Newest first, one at a time, so that as many as are needed are read. */
  readonly list: () => AsyncGenerator<Execution>;
  /** The states that an execution has entered after an event, oldest first; the history is read from its end. */
  readonly statesAfter: (executionArn: string, event: number) => Promise<readonly StateEntered[]>;
  /** The machine's definition, as JSON. */
  readonly definition: () => Promise<string>;
}

/**
 * The state machine of a name.
 *
 * @throws {ServiceNotDeployedError} when the Region has none
 */
export async function openStateMachine(call: CallService, name: string, region: string): Promise<StateMachineClient> {
  const machine = await findMachine(call, name, region);
  const describe = async (executionArn: string): Promise<Execution> =>
    executionSchema.parse(await call('DescribeExecution', { executionArn }));
  return {
    start: async (execution, input) => {
      const started = await call('StartExecution', {
        stateMachineArn: machine,
        name: execution,
        input: JSON.stringify(input),
      });
      return z.object({ executionArn: z.string() }).parse(started).executionArn;
    },
    describe,
    list: async function* () {
      let nextToken: string | undefined;
      do {
        const page = executionsSchema.parse(
          await call('ListExecutions', { stateMachineArn: machine, maxResults: 25, ...tokenOf(nextToken) }),
        );
        for (const { executionArn } of page.executions) yield await describe(executionArn);
        nextToken = page.nextToken ?? undefined;
      } while (nextToken !== undefined);
    },
    statesAfter: async (executionArn, event) => {
      const states: StateEntered[] = [];
      let nextToken: string | undefined;
      do {
        const page = historySchema.parse(
          await call('GetExecutionHistory', {
            executionArn,
            maxResults: 100,
            reverseOrder: true,
            includeExecutionData: false,
            ...tokenOf(nextToken),
          }),
        );
        for (const { id, stateEnteredEventDetails: entered, timestamp } of page.events) {
          if (id <= event) return states.reverse();
          if (entered !== undefined && entered !== null) states.push({ id, state: entered.name, at: timestamp });
        }
        nextToken = page.nextToken ?? undefined;
      } while (nextToken !== undefined);
      return states.reverse();
    },
    definition: async () =>
      z.object({ definition: z.string() }).parse(await call('DescribeStateMachine', { stateMachineArn: machine }))
        .definition,
  };
}

async function findMachine(call: CallService, name: string, region: string): Promise<string> {
  const others: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = machinesSchema.parse(await call('ListStateMachines', { maxResults: 1000, ...tokenOf(nextToken) }));
    const found = page.stateMachines.find((machine) => machine.name === name);
    if (found !== undefined) return found.stateMachineArn;
    others.push(...page.stateMachines.map((machine) => machine.name));
    nextToken = page.nextToken ?? undefined;
  } while (nextToken !== undefined);
  throw new ServiceNotDeployedError(name, region, others.slice(0, 10));
}

function tokenOf(nextToken: string | undefined): { readonly nextToken?: string } {
  return nextToken === undefined ? {} : { nextToken };
}
