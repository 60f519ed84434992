import type { Random } from './random.ts';
import type { Scenario } from './scenario.ts';

/** How the values of a column look. */
export interface ValueKind {
  /** A value as the first day's source has it, as a JSON literal. */
  readonly usual: (random: Random) => string;
  /** Values of later days that are written otherwise: some fit the column, some do not. */
  readonly later: readonly [string, ...string[]];
  /** The value is a list or an object, which CSV has not. */
  readonly nested?: boolean;
}

const quoted = (text: string): string => JSON.stringify(text);
const pad = (n: number, digits = 2): string => String(n).padStart(digits, '0');
const dayOf = (random: Random): string =>
  `20${pad(10 + random.below(20))}-${pad(1 + random.below(12))}-${pad(1 + random.below(28))}`;
const timeOf = (random: Random): string => `${pad(random.below(24))}:${pad(random.below(60))}:${pad(random.below(60))}`;
const fractionOf = (random: Random): string => random.pick(['', '', '.5', '.123', '.123456', '.000001', '.1234560']);

const texts = [
  'Ada',
  'Grace Hopper',
  'naïve café',
  '東京',
  '🙂 ok',
  'a,b',
  'say "hi"',
  "O'Neill",
  'two\nlines',
  'back\\slash',
  '  both ends  ',
  'NULL',
  'N/A',
  'null',
  '<b>x</b>',
  '{curly}',
  '{a,b}',
  '\\N',
  'tab\there',
  '-',
  '$1',
  'true story',
  'Ünïcödé',
  "'; --",
  'e',
  'İ',
  '1 2',
] as const;

/** Every kind of value. */
export const valueKinds = {
  whole: {
    usual: (random) =>
      random.pick([
        '0',
        '-1',
        '9007199254740993',
        '-9223372036854775808',
        '9223372036854775807',
        String(random.below(1_000)),
        String(-random.below(90_000)),
      ]),
    later: ['12.5', '"abc"', '9223372036854775808', '"007"', '"+4915112345678"', '17', '-4', '1e30'],
  },
  decimal: {
    usual: (random) =>
      random.pick([
        '0.1',
        '-12.50',
        '1234567890123.25',
        '0.001',
        `${random.below(1_000)}.${pad(random.below(100))}`,
        '5',
      ]),
    later: ['0.123456789', '"abc"', '7', '"007.5"', '-0.25', '"+1.5"'],
  },
  huge: {
    usual: (random) => `${1 + random.below(9)}2345678901234567890${pad(random.below(100))}`,
    later: ['1', '"x"', '98765432109876543210', '0.5'],
  },
  binary: {
    usual: (random) => random.pick(['1.5e10', '2.5E-3', '1e300', '-7e5', `${1 + random.below(9)}.25e2`]),
    later: ['3', '0.5', '"x"', '9007199254740993', '1234567890123456789', '"0012"', '12345678901234.5'],
  },
  truth: {
    usual: (random) => random.pick(['true', 'false']),
    later: ['"maybe"', '17', 'true', '"x"'],
  },
  day: {
    usual: (random) => quoted(dayOf(random)),
    later: ['"2024-01-01T10:00:00"', '"soon"', '"2024-02-30"', '"2024-02-29"', '20240101'],
  },
  moment: {
    usual: (random) => quoted(`${dayOf(random)}${random.pick(['T', ' '])}${timeOf(random)}${fractionOf(random)}`),
    later: [
      '"soon"',
      '"2024-01-01T10:00:00.1234567"',
      '"2024-01-01T10:00:00.1200000"',
      '"2024-01-01T10:00:00+02:00"',
      '"2024-13-01T00:00:00"',
    ],
  },
  instant: {
    usual: (random) =>
      quoted(`${dayOf(random)}T${timeOf(random)}${fractionOf(random)}${random.pick(['Z', '+02:00', '-0730', '+00'])}`),
    later: ['"soon"', '"2024-01-01T10:00:00.1234567Z"', '"2024-01-01T10:00:00.000000000Z"', '"2024-02-30T10:00:00Z"'],
  },
  code: {
    usual: (random) => quoted(random.pick(['007', '0123', '00', '+4915112345678', '1e5x', `0${random.below(99)}`])),
    later: ['"12"', '"x"', '12', '1.50', '"0"', 'true'],
  },
  text: {
    usual: (random) => quoted(random.pick(texts)),
    later: ['12', '"2024-01-01"', 'false', '"1e5"', '0.10'],
  },
  mixed: {
    usual: (random) => random.pick(['1', '"one"', '"2024-01-01"', '2.50', 'true']),
    later: ['"x"', '3'],
  },
  id: {
    usual: (random) => quoted(`${pad(random.below(10_000), 8)}-0a1b-4c2d-8e3f-${pad(random.below(1_000_000), 12)}`),
    later: ['"abc"', '"12345678-0a1b-4c2d-8e3f-123456789abc"', '12'],
  },
  nested: {
    usual: (random) =>
      random.pick(['{"a":1,"b":[true,null]}', '[]', '{}', '[1,2.5,"x"]', `{"n":${random.below(50)},"t":"é\\"q"}`]),
    later: ['{"z":{}}', '[[1]]'],
    nested: true,
  },
} as const satisfies Readonly<Record<string, ValueKind>>;

export type KindName = keyof typeof valueKinds;

/** Kinds that a source of this sort can have. */
export function kindsOf(source: Scenario['source']): readonly KindName[] {
  const names = Object.keys(valueKinds) as KindName[];
  return names.filter((name) => source !== 'csv' || name !== 'nested');
}
