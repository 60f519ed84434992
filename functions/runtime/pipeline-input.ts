import type { Config } from '../../lib/config/config.ts';
import { UnknownPipelineError } from '../../lib/config/errors.ts';
import type { PipelineSettings } from '../../lib/config/pipeline.ts';
import { traitsOf } from '../../lib/config/sources.ts';
import { nearest } from '../../lib/nearest.ts';
import { ownValue } from '../../lib/own-value.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import type { RunDemand } from '../../lib/run/run-demand.ts';
import { InvalidInputError } from './errors.ts';
import type { Input } from './events.ts';

/**
 * The pipeline that an input means, with what the input changes: query parameters, or the one object to load.
 *
 * @throws {UnknownPipelineError} with the nearest name
 * @throws {InvalidInputError} when the input changes what this kind of source has not
 */
export function pipelineOf(config: Config, input: Input): RunContext['pipeline'] {
  const settings = ownValue(config.pipelines, input.pipeline);
  if (settings === undefined) {
    const known = Object.keys(config.pipelines);
    throw new UnknownPipelineError(input.pipeline, known, nearest(input.pipeline, known));
  }
  return { name: input.pipeline, settings: changed(settings, input), dataSource: config.data_source };
}

function changed(settings: PipelineSettings, input: Input): PipelineSettings {
  const object = objectOf(input);
  if (object !== undefined) {
    const { withObject } = traitsOf(settings);
    if (withObject === undefined) throw new InvalidInputError(`pipeline "${input.pipeline}" reads no files`);
    return withObject(settings, object);
  }
  if (input.params !== undefined) {
    const { withParams } = traitsOf(settings);
    if (withParams === undefined) throw new InvalidInputError(`pipeline "${input.pipeline}" takes no params`);
    return withParams(settings, input.params);
  }
  return settings;
}

/** The run that an input requests. */
export function demandOf(input: Input): RunDemand {
  const { from, to } = input;
  const eventId = eventIdOf(input);
  return {
    trigger: input.trigger ?? 'console',
    again: input.again === true,
    ...(eventId === undefined ? {} : { eventId }),
    ...(input.force === undefined ? {} : { force: input.force }),
    ...(from === undefined && to === undefined
      ? {}
      : { range: { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) } }),
  };
}

/** An object that landed must be loaded, so its run waits for the run before. Other runs skip, unless `wait` is set. */
export function waits(input: Input): boolean {
  return input.wait ?? input.trigger === 's3';
}

function objectOf({ detail, object }: Input): { readonly bucket: string; readonly key: string } | undefined {
  return object ?? (detail === undefined ? undefined : { bucket: detail.bucket.name, key: detail.object.key });
}

/** The sequencer orders the events of a key, so with bucket, key and version it names one event for good. */
function eventIdOf({ detail, event_id: given }: Input): string | undefined {
  if (given !== undefined || detail === undefined) return given;
  const { key, sequencer, 'version-id': version } = detail.object;
  return JSON.stringify(['s3', detail.bucket.name, key, version ?? null, sequencer ?? null]);
}
