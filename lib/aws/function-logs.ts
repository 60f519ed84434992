import { z } from 'zod';
import type { CallService } from './signed-json.ts';

const groupsSchema = z.object({
  logGroups: z.array(z.object({ logGroupName: z.string() })),
  nextToken: z.string().nullish(),
});
const eventsSchema = z.object({
  events: z.array(z.object({ timestamp: z.number(), message: z.string() })),
  nextToken: z.string().nullish(),
});
/** A line as the functions write it. */
const lineSchema = z.looseObject({ level: z.string(), message: z.string() });

export interface LogLine {
  readonly at: Date;
  /** The function, e.g. `extract`. */
  readonly function: string;
  readonly level: string;
  readonly message: string;
}

/**
 * The lines that the functions of a state machine wrote for one execution, oldest first. Their log groups are found by the
 * name of their stack, which begins the names of the functions in the machine's definition.
 */
export async function linesOf(
  call: CallService,
  definition: string,
  execution: { readonly name: string; readonly startDate: Date; readonly stopDate?: Date | null | undefined },
): Promise<readonly LogLine[]> {
  const [, stack = ''] = /:function:([\w-]+?)-FunctionsRecord/.exec(definition) ?? [];
  const lines: LogLine[] = [];
  for (const group of await groupsOf(call, stack)) {
    const fn = /-Functions(\w+?)Log/.exec(group)?.[1]?.toLowerCase() ?? group;
    const filter = {
      logGroupName: group,
      filterPattern: `{ $.execution = ${JSON.stringify(execution.name)} }`,
      startTime: execution.startDate.getTime(),
      // What a function writes last arrives after the execution has ended.
      ...(execution.stopDate == null ? {} : { endTime: execution.stopDate.getTime() + 60_000 }),
    };
    for (const { message, timestamp } of await all(
      call,
      'FilterLogEvents',
      filter,
      (page) => eventsSchema.parse(page),
      'events',
    )) {
      const line = lineSchema.safeParse(jsonOf(message)).data;
      lines.push({
        at: new Date(timestamp),
        function: fn,
        level: line?.level ?? '',
        message: line?.message ?? message,
      });
    }
  }
  return lines.sort((one, other) => one.at.getTime() - other.at.getTime());
}

async function groupsOf(call: CallService, stack: string): Promise<readonly string[]> {
  // CloudFormation shortens the name of the stack in names of functions, and not in those of log groups.
  const filter = { logGroupNamePrefix: stack };
  const groups = await all(call, 'DescribeLogGroups', filter, (page) => groupsSchema.parse(page), 'logGroups');
  return groups.map((group) => group.logGroupName).filter((name) => /-Functions\w+Log/.test(name));
}

/** Every element of an operation that answers in pages. */
async function all<Key extends string, Element>(
  call: CallService,
  operation: string,
  input: object,
  read: (
    page: unknown,
  ) => { readonly nextToken?: string | null | undefined } & Readonly<Record<Key, readonly Element[]>>,
  key: Key,
): Promise<readonly Element[]> {
  const found: Element[] = [];
  let nextToken: string | undefined;
  do {
    const page = read(await call(operation, { ...input, ...(nextToken === undefined ? {} : { nextToken }) }));
    found.push(...page[key]);
    nextToken = page.nextToken ?? undefined;
  } while (nextToken !== undefined);
  return found;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
