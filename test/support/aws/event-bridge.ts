import type { FunctionHost } from '../lambda/function-host.ts';
import type { Assembly } from './assembly.ts';
import type { LocalQueues } from './local-queues.ts';

export interface BridgeEvent {
  readonly source: string;
  readonly 'detail-type': string;
  /** ISO 8601. */
  readonly time?: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

interface RuleProperties {
  /** Undefined of a rule that is a schedule. */
  readonly EventPattern?: Readonly<Record<string, unknown>>;
  readonly Targets: readonly {
    readonly Arn: unknown;
    readonly InputTransformer?: {
      readonly InputPathsMap: Readonly<Record<string, string>>;
      readonly InputTemplate: string;
    };
  }[];
}

/**
 * Matches an event against the rules of a template and delivers it: functions are called, and what executions would be
 * started with is given back; queues are sent it.
 */
export async function emit(
  assembly: Assembly,
  event: BridgeEvent,
  functions: ReadonlyMap<string, FunctionHost | undefined>,
  queues: Pick<LocalQueues, 'send'>,
): Promise<readonly unknown[]> {
  const inputs: unknown[] = [];
  for (const [, { Properties }] of assembly.resources('AWS::Events::Rule')) {
    const { EventPattern, Targets } = Properties as unknown as RuleProperties;
    if (EventPattern === undefined || !matches(EventPattern, event, assembly)) continue;
    for (const { Arn, InputTransformer } of Targets) {
      const input = InputTransformer === undefined ? event : transformed(InputTransformer, event);
      const arn = assembly.resolve(Arn);
      const host = functions.get(arn);
      if (arn.startsWith('arn:aws:sqs:')) await queues.send(arn.split(':').at(-1) ?? '', JSON.stringify(input));
      else if (host === undefined) inputs.push(input);
      else await host.invoke(input);
    }
  }
  return inputs;
}

/** EventBridge's patterns as far as the rules use them; anything else is an error. */
export function matches(pattern: unknown, value: unknown, assembly: Pick<Assembly, 'resolve'>): boolean {
  if (Array.isArray(pattern)) return pattern.some((one) => matchesOne(one, value, assembly));
  const fields = Object.entries(pattern as object);
  const record = (value ?? {}) as Readonly<Record<string, unknown>>;
  return fields.every(([name, inner]) => matches(inner, record[name], assembly));
}

function matchesOne(one: unknown, value: unknown, assembly: Pick<Assembly, 'resolve'>): boolean {
  if (typeof one !== 'object' || one === null) return one === value;
  const [operator, operand] = Object.entries(one)[0] ?? ['', ''];
  switch (operator) {
    case 'prefix':
      return typeof value === 'string' && value.startsWith(String(operand));
    case 'suffix':
      return typeof value === 'string' && value.endsWith(String(operand));
    case 'exists':
      return (value !== undefined) === operand;
    case 'wildcard':
      return typeof value === 'string' && wildcard(String(operand)).test(value);
    case 'Ref':
    case 'Fn::GetAtt':
      return assembly.resolve(one) === value;
    default:
      throw new Error(`A pattern that is not interpreted: ${operator}`);
  }
}

function wildcard(text: string): RegExp {
  const parts = text.match(/\\.|\*|[^\\*]+/g) ?? [];
  const source = parts.map((part) =>
    part === '*' ? '.*' : part.replace(/^\\/, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
  );
  return new RegExp(`^${source.join('')}$`, 's');
}

function transformed(
  {
    InputPathsMap,
    InputTemplate,
  }: { readonly InputPathsMap: Readonly<Record<string, string>>; readonly InputTemplate: string },
  event: BridgeEvent,
): unknown {
  let text = InputTemplate;
  for (const [name, path] of Object.entries(InputPathsMap)) {
    const value = path
      .replace(/^\$\.?/, '')
      .split('.')
      .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], event);
    text = text.replaceAll(`<${name}>`, JSON.stringify(value ?? null));
  }
  return JSON.parse(text) as unknown;
}
