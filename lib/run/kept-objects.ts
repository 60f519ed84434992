import { z } from 'zod';
import type { RunObjects } from '../extract/request.ts';
import type { Run } from './run.ts';
import type { RunContext } from './run-context.ts';
import { objectsKey } from './store-keys.ts';

const runObjectsSchema = z.strictObject({
  files: z.array(
    z.strictObject({
      shown: z.string(),
      location: z.string(),
      bytes: z.int().min(0),
      etag: z.string().optional(),
      version_id: z.string().optional(),
    }),
  ),
  warnings: z.array(z.string()),
});

/** Keeps what a run reads in its store, where every stage finds it: the list may be larger than what stages may pass on. */
export async function keepObjects({ store }: Pick<RunContext, 'store'>, run: Pick<Run, 'run_id'>, objects: RunObjects) {
  await store.put(objectsKey(run), `${JSON.stringify(objects)}\n`);
}

/** What a run reads besides its configuration; undefined where it reads the configured files. */
export async function findObjects(
  { store }: Pick<RunContext, 'store'>,
  run: Pick<Run, 'run_id' | 'objects'>,
): Promise<RunObjects | undefined> {
  const bytes = run.objects === undefined ? undefined : await store.get(objectsKey(run));
  return bytes === undefined ? undefined : runObjectsSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}
