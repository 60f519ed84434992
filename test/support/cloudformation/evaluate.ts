import { RefusedError } from './errors.ts';
import { attributeOf, intrinsicOf, subOf, substitution } from './references.ts';
import { isRecord, type Template } from './template.ts';

/** Where a value of a template is evaluated. */
export interface Scope {
  readonly template: Template;
  /** A parameter, a pseudo parameter or a resource that is there; undefined: there is none of this name. */
  readonly ref: (id: string) => unknown;
  readonly attribute: (id: string, name: string) => unknown;
  /** @throws {RefusedError} where nothing is exported by this name */
  readonly imported: (name: string) => string;
  readonly condition: (name: string) => boolean;
  readonly zones: (region: string) => readonly string[];
}

/** What stands for a property that is left out. */
const noValue = Symbol('AWS::NoValue');

/**
 * A value with all its functions made: texts, numbers, lists and maps.
 *
 * @throws {RefusedError} where something that it names is not there
 */
export function evaluate(value: unknown, scope: Scope): unknown {
  const evaluated = inner(value, scope);
  return evaluated === noValue ? undefined : evaluated;
}

function inner(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => inner(one, scope)).filter((one) => one !== noValue);
  const intrinsic = intrinsicOf(value);
  if (intrinsic !== undefined) return call(intrinsic[0], intrinsic[1], scope);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([name, one]) => [name, inner(one, scope)] as const);
  return Object.fromEntries(entries.filter(([, one]) => one !== noValue));
}

function call(name: string, argument: unknown, scope: Scope): unknown {
  const all = (): readonly unknown[] => inner(argument, scope) as readonly unknown[];
  switch (name) {
    case 'Ref':
      return argument === 'AWS::NoValue' ? noValue : reference(String(argument), scope);
    case 'Fn::GetAtt':
      return scope.attribute(...attributeOf(argument));
    case 'Fn::Join': {
      const [separator, parts] = all() as readonly [string, readonly unknown[]];
      return parts.map((part) => text(part, 'Fn::Join')).join(separator);
    }
    case 'Fn::Sub': {
      const [pattern, variables] = subOf(argument);
      return pattern
        .replace(substitution, (_, key: string) => substitute(key.trim(), variables, scope))
        .replaceAll('${!', '${');
    }
    case 'Fn::Select': {
      const [index, list] = all() as readonly [number | string, readonly unknown[]];
      const selected = list[Number(index)];
      if (selected === undefined)
        throw new RefusedError(`Fn::Select cannot select nonexistent value at index ${index}`);
      return selected;
    }
    case 'Fn::Split': {
      const [separator, whole] = all() as readonly [string, unknown];
      return text(whole, 'Fn::Split').split(separator);
    }
    case 'Fn::FindInMap': {
      const [map = '', first = '', second = ''] = all() as readonly string[];
      const found = scope.template.Mappings?.[map]?.[first]?.[second];
      if (found === undefined) throw new RefusedError(`Unable to get mapping for ${map}::${first}::${second}`);
      return found;
    }
    case 'Fn::ImportValue':
      return scope.imported(text(inner(argument, scope), 'Fn::ImportValue'));
    case 'Fn::Base64':
      return Buffer.from(text(inner(argument, scope), 'Fn::Base64')).toString('base64');
    case 'Fn::GetAZs':
      return scope.zones(text(inner(argument, scope), 'Fn::GetAZs') || text(scope.ref('AWS::Region'), 'Fn::GetAZs'));
    case 'Fn::If': {
      const [condition, yes, no] = argument as readonly [string, unknown, unknown];
      return inner(scope.condition(condition) ? yes : no, scope);
    }
    default:
      return holds({ [name]: argument }, scope);
  }
}

/** What a condition or an assertion comes to. */
export function holds(value: unknown, scope: Scope): boolean {
  const [name, argument] = intrinsicOf(value) ?? ['', undefined];
  const each = (): readonly boolean[] => (argument as readonly unknown[]).map((one) => holds(one, scope));
  switch (name) {
    case 'Condition':
      return scope.condition(String(argument));
    case 'Fn::And':
      return each().every(Boolean);
    case 'Fn::Or':
      return each().some(Boolean);
    case 'Fn::Not':
      return !each()[0];
    case 'Fn::Equals': {
      const [left, right] = inner(argument, scope) as readonly unknown[];
      return JSON.stringify(left) === JSON.stringify(right);
    }
    case 'Fn::Contains': {
      const [list, one] = inner(argument, scope) as readonly [readonly unknown[], unknown];
      return list.includes(one);
    }
    default:
      throw new RefusedError(`Unresolved function or condition ${name === '' ? JSON.stringify(value) : name}`);
  }
}

function substitute(key: string, variables: Readonly<Record<string, unknown>>, scope: Scope): string {
  if (variables[key] !== undefined) return text(inner(variables[key], scope), 'Fn::Sub');
  const [id, attribute] = attributeOf(key);
  return text(attribute === '' ? reference(id, scope) : scope.attribute(id, attribute), 'Fn::Sub');
}

function reference(id: string, scope: Scope): unknown {
  const found = scope.ref(id);
  if (found === undefined) throw new RefusedError(`Unresolved resource dependencies [${id}]`);
  return found;
}

function text(value: unknown, where: string): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new RefusedError(
    `Template error: every value of ${where} must be a string, and ${JSON.stringify(value)} is none`,
  );
}
