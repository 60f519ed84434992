import { isRecord } from './template.ts';

/** Something that a value of a template names. */
export interface Reference {
  readonly kind: 'Ref' | 'GetAtt' | 'Condition' | 'FindInMap';
  readonly id: string;
  /** Of `Fn::GetAtt`. */
  readonly attribute?: string;
}

const knownFunctions = new Set([
  'Ref',
  'Condition',
  'Fn::And',
  'Fn::Base64',
  'Fn::Contains',
  'Fn::Equals',
  'Fn::FindInMap',
  'Fn::GetAtt',
  'Fn::GetAZs',
  'Fn::If',
  'Fn::ImportValue',
  'Fn::Join',
  'Fn::Not',
  'Fn::Or',
  'Fn::Select',
  'Fn::Split',
  'Fn::Sub',
]);

/** The name and argument of an intrinsic function; undefined of any other value. */
export function intrinsicOf(value: unknown): readonly [string, unknown] | undefined {
  if (!isRecord(value)) return undefined;
  const [entry, ...more] = Object.entries(value);
  if (entry === undefined || more.length > 0) return undefined;
  const [name, argument] = entry;
  // A property may be called Condition; as a function it names one.
  if (name === 'Condition') return typeof argument === 'string' ? entry : undefined;
  return name === 'Ref' || name.startsWith('Fn::') ? entry : undefined;
}

/** Every reference in a value, in nested functions too; a function that the simulator does not know is given to `unknown`. */
export function referencesOf(value: unknown, unknown: (name: string) => void = () => undefined): readonly Reference[] {
  if (Array.isArray(value)) return value.flatMap((one: unknown) => referencesOf(one, unknown));
  const intrinsic = intrinsicOf(value);
  if (intrinsic === undefined) {
    return isRecord(value) ? Object.values(value).flatMap((one) => referencesOf(one, unknown)) : [];
  }
  const [name, argument] = intrinsic;
  if (!knownFunctions.has(name)) unknown(name);
  switch (name) {
    case 'Ref':
      return [{ kind: 'Ref', id: String(argument) }];
    case 'Condition':
      return [{ kind: 'Condition', id: String(argument) }];
    case 'Fn::GetAtt': {
      const [id, attribute] = attributeOf(argument);
      return [{ kind: 'GetAtt', id, attribute }];
    }
    case 'Fn::If': {
      const [condition, ...rest] = argument as readonly unknown[];
      return [{ kind: 'Condition', id: String(condition) }, ...referencesOf(rest, unknown)];
    }
    case 'Fn::FindInMap': {
      const [map, ...rest] = argument as readonly unknown[];
      return [{ kind: 'FindInMap', id: String(map) }, ...referencesOf(rest, unknown)];
    }
    case 'Fn::Sub':
      return substitutesOf(argument, unknown);
    default:
      return referencesOf(argument, unknown);
  }
}

/** `[id, attribute]` or `id.attribute`. */
export function attributeOf(argument: unknown): readonly [string, string] {
  if (Array.isArray(argument)) return [String(argument[0]), String(argument[1])];
  const [id = '', ...rest] = String(argument).split('.');
  return [id, rest.join('.')];
}

/** The text of `Fn::Sub` and the variables that it brings. */
export function subOf(argument: unknown): readonly [string, Readonly<Record<string, unknown>>] {
  if (!Array.isArray(argument)) return [String(argument), {}];
  return [String(argument[0]), (argument[1] ?? {}) as Readonly<Record<string, unknown>>];
}

/** What stands between `${` and `}` in a text of `Fn::Sub`; `${!` is a literal. */
export const substitution = /\$\{([^!][^}]*)\}/g;

function substitutesOf(argument: unknown, unknown: (name: string) => void): readonly Reference[] {
  const [text, variables] = subOf(argument);
  const named = [...text.matchAll(substitution)]
    .map(([, name = '']) => name.trim())
    .filter((name) => variables[name] === undefined);
  return [
    ...named.map((name): Reference => {
      const [id, attribute] = attributeOf(name);
      return attribute === '' ? { kind: 'Ref', id } : { kind: 'GetAtt', id, attribute };
    }),
    ...referencesOf(Object.values(variables), unknown),
  ];
}
