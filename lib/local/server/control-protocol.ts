import { z } from 'zod';
import { faultsSchema } from '../concurrency/faults.ts';

/** What a client may ask over the control socket, one JSON document a line. */
export const controlRequestSchema = z.discriminatedUnion('op', [
  /** Keeps the server up until this connection ends. */
  z.strictObject({ op: z.literal('hold') }),
  /** Keeps it up until `stop`. */
  z.strictObject({ op: z.literal('persist') }),
  /** Lets go of what this connection holds; `holders` of the response is how many are left. */
  z.strictObject({ op: z.literal('release') }),
  z.strictObject({ op: z.literal('stop') }),
  z.strictObject({ op: z.literal('status') }),
  z.strictObject({ op: z.literal('set-faults'), faults: faultsSchema }),
  z.strictObject({ op: z.literal('get-faults') }),
]);

export type ControlRequest = z.infer<typeof controlRequestSchema>;

const endpointSchema = z.object({
  hostname: z.string(),
  port: z.int(),
  region: z.string(),
  caFile: z.string(),
  ca: z.string(),
  user: z.literal('admin'),
  pid: z.int(),
});

/** Where a client finds the running local DSQL. */
export type LocalEndpoint = Readonly<z.infer<typeof endpointSchema>>;

export const controlResponseSchema = z.object({
  ok: z.boolean(),
  error: z.string().optional(),
  endpoint: endpointSchema.optional(),
  persistent: z.boolean().optional(),
  holders: z.int().optional(),
  connections: z.int().optional(),
  limits: z.record(z.string(), z.number()).optional(),
  postgresPid: z.int().optional(),
  controlSocket: z.string().optional(),
  startedAt: z.string().optional(),
  faults: faultsSchema.optional(),
});

export type ControlResponse = Readonly<z.infer<typeof controlResponseSchema>>;

/** What the server process is told on its command line. */
export const serverOptionsSchema = z.strictObject({
  stateDir: z.string(),
  port: z.int().min(0).max(65_535),
  limits: z.record(z.string(), z.number()),
  durability: z.enum(['machine', 'process']),
});

export type ServerOptions = Readonly<z.infer<typeof serverOptionsSchema>>;
