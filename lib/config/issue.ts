import type { z } from 'zod';
import { nearest } from '../nearest.ts';
import { ownValue } from '../own-value.ts';
import { configSchema } from './config.ts';
import type { Problem } from './errors.ts';

type Path = readonly PropertyKey[];

/** Where things are in the file: of a merged value the path at which it was written, and of that its line. */
interface Places {
  readonly place: (path: Path, key?: string) => Pick<Problem, 'line' | 'column'>;
  readonly written: (path: Path, key?: string) => Path;
}

/** Turns what zod found into problems a person can act on: the path, the place, and the nearest known key. */
export function describeIssue(issue: z.core.$ZodIssue, root: unknown, places: Places): Problem[] {
  const { place, written } = places;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const known = knownKeys(issue.path, root);
      const meant = nearest(key, known);
      const hint = meant === undefined ? `Known here: ${known.join(', ')}.` : `Did you mean "${meant}"?`;
      const at = written(issue.path, key);
      return { path: pathText([...at, key]), ...place(at, key), message: `unknown key. ${hint}` };
    });
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branch = nearestBranch(issue.errors);
    return branch.flatMap((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, root, places));
  }
  const at = written(issue.path);
  return [{ path: pathText(at), ...place(at), message: messageFor(issue, root) }];
}

function messageFor(issue: z.core.$ZodIssue, root: unknown): string {
  const given = valueAt(root, issue.path);
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined) {
    const options = ('options' in issue ? (issue.options as readonly unknown[]) : []).map((o) => `"${String(o)}"`);
    return `must be one of ${options.length > 0 ? options.join(', ') : '"api", "file"'}`;
  }
  if (issue.code === 'invalid_type' && given === undefined) return `is missing (expected ${issue.expected})`;
  if (issue.code === 'invalid_type') return `must be of type ${issue.expected}, not ${typeName(given)}`;
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (issue.code === 'invalid_value') {
    const options = issue.values.map((value) => JSON.stringify(value));
    const meant = typeof given === 'string' ? nearest(given, issue.values.map(String)) : undefined;
    return `must be ${options.length === 1 ? options[0] : `one of ${options.join(', ')}`}${
      meant === undefined ? '' : `. Did you mean "${meant}"?`
    }`;
  }
  return issue.message;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function valueAt(root: unknown, path: Path): unknown {
  let value: unknown = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, key) ? (value as Readonly<Record<PropertyKey, unknown>>)[key] : undefined;
  }
  return value;
}

/** Of a union's branches the one the writer came nearest to: that which complains about the deepest place. */
function nearestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const depth = (issues: readonly z.core.$ZodIssue[]): number =>
    Math.max(...issues.map((issue) => issue.path.length), 0);
  const wrongType = (issues: readonly z.core.$ZodIssue[]): boolean =>
    issues.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0);
  const ranked = [...branches].sort(
    (a, b) => Number(wrongType(a)) - Number(wrongType(b)) || depth(b) - depth(a) || a.length - b.length,
  );
  return ranked[0] ?? [];
}

export function pathText(path: Path): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

/** The keys the schema knows at a path; walks the schema beside the value, so unions follow their discriminator. */
function knownKeys(path: Path, root: unknown): readonly string[] {
  let schemas: readonly z.core.$ZodType[] = [configSchema];
  let value: unknown = root;
  for (const key of path) {
    schemas = schemas.flatMap((schema) => step(schema, key, value));
    value = valueAt(value, [key]);
  }
  const keys = schemas
    .flatMap((schema) => objectsOf(schema, value))
    .flatMap((object) => Object.keys(object._zod.def.shape));
  return [...new Set(keys)].filter((key) => key !== '$schema');
}

function step(schema: z.core.$ZodType, key: PropertyKey, value: unknown): readonly z.core.$ZodType[] {
  const inner = unwrap(schema);
  const def = inner._zod.def as z.core.$ZodTypeDef & {
    readonly valueType?: z.core.$ZodType;
    readonly element?: z.core.$ZodType;
  };
  if (def.type === 'record' && def.valueType !== undefined) return [def.valueType];
  if (def.type === 'array' && def.element !== undefined) return [def.element];
  return objectsOf(inner, value).flatMap((object) => ownValue(object._zod.def.shape, String(key)) ?? []);
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const def = schema._zod.def as z.core.$ZodTypeDef & { readonly innerType?: z.core.$ZodType };
  return def.innerType === undefined ? schema : unwrap(def.innerType);
}

/** The object schemas a value at this place may be meant for. */
function objectsOf(schema: z.core.$ZodType, value: unknown): readonly z.core.$ZodObject[] {
  const inner = unwrap(schema);
  const def = inner._zod.def as z.core.$ZodTypeDef & {
    readonly options?: readonly z.core.$ZodType[];
    readonly discriminator?: string;
  };
  if (def.type === 'object') return [inner as z.core.$ZodObject];
  if (def.type !== 'union' || def.options === undefined) return [];
  const objects = def.options.flatMap((option) => objectsOf(option, value));
  const { discriminator } = def;
  if (discriminator === undefined) return objects;
  const tag = valueAt(value, [discriminator]);
  const matching = objects.filter((object) => {
    const field = ownValue(object._zod.def.shape, discriminator);
    return field?._zod.values?.has(tag as string) === true;
  });
  return matching.length > 0 ? matching : objects;
}
