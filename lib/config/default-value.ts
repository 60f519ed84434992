/** A value as a configuration gives it. */
export type DefaultValue = string | number | boolean;

/** The text of a value, as a source would write it. */
export function defaultText(value: DefaultValue): string {
  return typeof value === 'string' ? value : String(value);
}

const wholeRanges: Readonly<Record<string, bigint>> = { smallint: 15n, integer: 31n, bigint: 63n };
const plainNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const anyNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const day = /^\d{4}-\d{2}-\d{2}$/;
const timeOfDay = /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?$/;
const zone = /(?:Z|[+-](?:0\d|1[0-4]):?[0-5]\d)$/;
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Why a value does not fit a declared type, and how it would; undefined where it does. */
export function defaultProblem(type: string, value: DefaultValue): string | undefined {
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER && Math.abs(value) < 1e21) {
    return 'has more digits than a number of YAML or JSON keeps; write it in quotes';
  }
  const text = defaultText(value);
  const [, name = type, list] = /^([a-z ]+)(?:\((.*)\))?$/.exec(type) ?? [];
  const fits = checks[name];
  if (fits === undefined || fits(text, ...(list?.split(',').map(Number) ?? []))) return undefined;
  return `is no value of ${type}${examples[name] === undefined ? '' : `; write e.g. ${examples[name]}`}`;
}

/** Whether a text is a value of a type with these digits or this length. */
type Check = (text: string, first?: number, second?: number) => boolean;

const isWhole =
  (bits: bigint): Check =>
  (text) =>
    /^(?:0|-?[1-9]\d*)$/.test(text) && BigInt(text) >= -(2n ** bits) && BigInt(text) < 2n ** bits;

const isDay = (text: string): boolean => {
  const date = new Date(`${text}T00:00:00Z`);
  return day.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
};

const isMoment = (text: string): boolean =>
  isDay(text) || (isDay(text.slice(0, 10)) && /^[T ]$/.test(text[10] ?? '') && timeOfDay.test(text.slice(11)));

/** A binary number gives back every number of so many digits. */
const isExact = (text: string, digits: number, most: number): boolean =>
  anyNumber.test(text) &&
  Math.abs(Number(text)) < most &&
  text
    .replace(/[eE].*/, '')
    .replace(/\D/g, '')
    .replace(/^0+|0+$/g, '').length <= digits;

const checks: Readonly<Record<string, Check>> = {
  ...Object.fromEntries(Object.entries(wholeRanges).map(([name, bits]) => [name, isWhole(bits)])),
  numeric: (text, ...digits) => {
    const [precision = 18, scale = digits.length === 0 ? 6 : 0] = digits;
    const [whole = '', fraction = ''] = text.replace('-', '').split('.');
    const [before, behind] = [whole.replace(/^0+/, ''), fraction.replace(/0+$/, '')];
    return plainNumber.test(text) && before.length <= precision - scale && behind.length <= scale;
  },
  real: (text) => isExact(text, 6, 3.4e38),
  'double precision': (text) => isExact(text, 15, Number.MAX_VALUE),
  boolean: (text) => text === 'true' || text === 'false',
  varchar: (text, length = Number.POSITIVE_INFINITY) => [...text].length <= length,
  date: isDay,
  time: (text) => timeOfDay.test(text),
  timestamp: isMoment,
  timestamptz: (text) => zone.test(text) && isMoment(text.replace(zone, '')),
  uuid: (text) => uuid.test(text),
  jsonb: (text) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  },
};

const examples: Readonly<Record<string, string>> = {
  smallint: '0',
  integer: '0',
  bigint: '0',
  numeric: '"0.00"',
  boolean: 'true',
  date: '"2026-01-31"',
  time: '"12:30:00"',
  timestamp: '"2026-01-31T12:30:00"',
  timestamptz: '"2026-01-31T12:30:00Z"',
  jsonb: "'{}'",
};
