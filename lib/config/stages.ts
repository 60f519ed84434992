import { z } from 'zod';
import { nearest } from '../nearest.ts';
import { ownValue } from '../own-value.ts';

/** What a stage may say: any part of the rest, checked when it has been merged. */
const partSchema = z.record(z.string(), z.unknown()).optional().describe('Any part of what the rest says here.');

const stageShape = { aurora_dsql: partSchema, data_source: partSchema, deploy: partSchema, pipelines: partSchema };

/** Values of one stage each, by its name. */
export const stagesSchema = z
  .record(
    z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,30}$/, 'must be letters, digits and hyphens, e.g. prod'),
    z.strictObject(stageShape),
  )
  .describe(
    'What is different in a stage: merged over the rest key by key; lists and single values take the place of what was there, and null takes it away.',
  );

type Path = readonly PropertyKey[];
type Fields = Readonly<Record<string, unknown>>;

/** A configuration's content for one stage. */
export interface StagedContent {
  /** The rest with the stage's values over it; `stages` stays as it was written. */
  readonly value: unknown;
  /** Where the value at a path of `value` was written: below `stages`, or at the path itself. */
  readonly written: (path: Path, key?: string) => Path;
}

/** The names of the stages that a configuration has; none where `stages` is no map. */
export function stageNames(content: unknown): readonly string[] {
  const stages = isFields(content) ? ownValue(content, 'stages') : undefined;
  return isFields(stages) ? Object.keys(stages) : [];
}

/** The stage of a deployment that names none. */
export const defaultStage = 'dev';

/**
 * Why a stage cannot be used; undefined where it can. A configuration without `stages` is the same in every stage, and
 * `dev` without an entry is the rest as it stands.
 */
export function stageProblem(content: unknown, stage: string | undefined): string | undefined {
  const names = stageNames(content);
  if (stage === undefined || stage === defaultStage || names.length === 0 || names.includes(stage)) return undefined;
  const meant = nearest(stage, names);
  const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
  return `has no stage "${stage}", only ${names.join(', ')}.${hint} Add ${stage}: {} where nothing is different in it`;
}

/** Merges `stages.<stage>` over the rest; without a stage, or without its entry, gives the content as it is. */
export function contentOfStage(content: unknown, stage: string | undefined): StagedContent {
  const stages = isFields(content) ? ownValue(content, 'stages') : undefined;
  const given = stage === undefined || !isFields(stages) ? undefined : ownValue(stages, stage);
  if (stage === undefined || !isFields(content) || !isFields(given)) return { value: content, written: (path) => path };
  // What no stage may say is refused where it stands.
  const over = Object.fromEntries(Object.entries(given).filter(([key]) => Object.hasOwn(stageShape, key)));
  const written = (path: Path, key?: string): Path => {
    const full = key === undefined ? path : [...path, key];
    const depth = depthOf(over, full);
    return depth > 0 && depth >= depthOf(content, full) ? ['stages', stage, ...path] : path;
  };
  return { value: merge(content, over), written };
}

function merge(rest: unknown, over: unknown): unknown {
  if (!isFields(rest) || !isFields(over) || isAnotherKind(rest, over)) return withoutNulls(over);
  const merged: Record<string, unknown> = { ...rest };
  for (const [key, value] of Object.entries(over)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(ownValue(rest, key), value);
  }
  return merged;
}

/** A null of a stage takes away; where nothing was, nothing stays. */
function withoutNulls(value: unknown): unknown {
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, withoutNulls(inner)]])),
  );
}

/** Maps that cannot be mixed: references to secrets, and things of two types. */
function isAnotherKind(rest: Fields, over: Fields): boolean {
  if (isReference(rest) && isReference(over)) return true;
  return ['type', 'source_type'].some((key) => {
    const [before, after] = [ownValue(rest, key), ownValue(over, key)];
    return before !== undefined && after !== undefined && before !== after;
  });
}

function isReference(fields: Fields): boolean {
  return /^(env|secret|key,secret)$/.test(Object.keys(fields).sort().join());
}

/** How many keys of a path a value has, from the start. */
function depthOf(value: unknown, path: Path): number {
  let inner = value;
  for (const [depth, key] of path.entries()) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return depth;
    inner = (inner as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return path.length;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
