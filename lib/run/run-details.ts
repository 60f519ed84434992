import { z } from 'zod';
import {
  columnSchema,
  explodedSchema,
  type Plan,
  type RawManifest,
  rejectionSchema,
  ruleCountSchema,
} from '../manifest.ts';
import { type ExecutionPlace, executionPlaceSchema } from './execution-place.ts';
import { stages } from './result.ts';
import { type KeptValidator, keptValidatorSchema } from './run.ts';

/** Sources that are named; of more only the number is kept. */
const namedSources = 50;

/** Characters of a text that says why a column has its type. */
const evidenceCharacters = 400;

/** Characters of the JSON; a value may have 1 MiB, and a log is read as a whole. */
const mostCharacters = 200_000;

/** What the log keeps of a run besides its counts, so that it can be looked at when its files are gone. */
export const runDetailsSchema = z.object({
  /** Seconds each stage took, in their order; of the last attempt. */
  stages: z.array(z.object({ stage: z.enum(stages), seconds: z.number() })).default([]),
  columns: z.array(columnSchema.extend({ evidence: z.string().optional() })).default([]),
  key_columns: z.array(z.string()).default([]),
  chunks: z.int().default(0),
  /** What each business rule did, in their order. */
  rules: z.array(ruleCountSchema).default([]),
  /** Where rows are elements of a list. */
  exploded: explodedSchema.optional(),
  /** Rows that the transform rejected, by column and reason. */
  rejections: z.array(rejectionSchema).default([]),
  /** The first of the files, pages or requests that were read. */
  sources: z.array(z.object({ source: z.string(), format: z.string(), bytes: z.number() })).default([]),
  sources_total: z.int().default(0),
  /** Rows that were read again at the watermark and left out. */
  already_loaded_rows: z.int().default(0),
  /** By which a later run may ask the API whether it has changed. */
  validator: keptValidatorSchema.optional(),
  /** The API said that nothing had changed since the rows were loaded. */
  not_modified: z.literal(true).optional(),
  /** The DDL statements that were executed, in their order. */
  ddl: z.array(z.string()).default([]),
  /** Of the last attempt; left out where it ran elsewhere, or was a run of a release that did not tell. */
  execution: executionPlaceSchema.optional(),
});

export type RunDetails = z.infer<typeof runDetailsSchema>;

/** What the stages of a run know; a part is missing where its stage has not ended, or ran elsewhere. */
export interface DetailParts {
  readonly raw?: Pick<RawManifest, 'parts' | 'already_loaded_rows' | 'not_modified'> | undefined;
  readonly plan?: Pick<Plan, 'columns' | 'key_columns' | 'chunks' | 'exploded' | 'rejections' | 'rules'> | undefined;
  readonly stages?: RunDetails['stages'] | undefined;
  readonly ddl?: readonly string[] | undefined;
  readonly validator?: KeptValidator | undefined;
  readonly execution?: ExecutionPlace | undefined;
}

/** The details as JSON text for the log. What would make it longer than it may be is left out. */
export function detailsText({ ddl, execution, plan, raw, stages: durations, validator }: DetailParts): string {
  const details: RunDetails = {
    stages: durations ?? [],
    columns: (plan?.columns ?? []).map(({ evidence, ...column }) =>
      evidence === undefined ? column : { ...column, evidence: evidence.slice(0, evidenceCharacters) },
    ),
    key_columns: plan?.key_columns ?? [],
    chunks: plan?.chunks.length ?? 0,
    rules: [...(plan?.rules ?? [])],
    exploded: plan?.exploded,
    rejections: plan?.rejections ?? [],
    sources: (raw?.parts ?? []).slice(0, namedSources).map(({ bytes, format, source }) => ({ source, format, bytes })),
    sources_total: raw?.parts.length ?? 0,
    already_loaded_rows: raw?.already_loaded_rows ?? 0,
    validator,
    not_modified: raw?.not_modified,
    ddl: [...(ddl ?? [])],
    execution,
  };
  const whole = storable(details);
  if (whole.length <= mostCharacters) return whole;
  const columns = details.columns.map(({ evidence: _, ...column }) => column);
  return storable({ ...details, columns, sources: [], rejections: details.rejections.slice(0, 10) });
}

/** jsonb cannot keep the character NUL. */
function storable(details: RunDetails): string {
  return JSON.stringify(details, (_, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('\0', '\\0') : value,
  );
}
