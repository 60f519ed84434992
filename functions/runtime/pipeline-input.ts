import type { Config } from '../../lib/config/config.ts';
import { UnknownPipelineError } from '../../lib/config/errors.ts';
import type { PipelineSettings } from '../../lib/config/pipeline.ts';
import { traitsOf } from '../../lib/config/sources.ts';
import { whyNotLoaded } from '../../lib/extract/file/own-object.ts';
import { nearest } from '../../lib/nearest.ts';
import { ownValue } from '../../lib/own-value.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import type { RunDemand } from '../../lib/run/run-demand.ts';
import type { S3Place } from '../../lib/s3-path.ts';
import { InvalidInputError } from './errors.ts';
import type { Input } from './events.ts';

/**
 * The pipeline that an input means, with what the input changes: query parameters, or the one object to load.
 *
 * @throws {UnknownPipelineError} with the nearest name
 * @throws {InvalidInputError} when the input changes what this kind of source has not, or names an object that is not the pipeline's
 */
export function pipelineOf(config: Config, input: Input): RunContext['pipeline'] {
  const settings = changed(settingsOf(config, input), input);
  return { name: input.pipeline, settings, dataSource: config.data_source };
}

/**
 * Why the event of an object has nothing to load; undefined where it has, or where no event started the execution.
 *
 * @throws {UnknownPipelineError} with the nearest name
 */
export function whyNothingLanded(config: Config, input: Input): string | undefined {
  if (input.detail === undefined) return undefined;
  const object = { bucket: input.detail.bucket.name, key: input.detail.object.key };
  const reason = whyNotLoaded(settingsOf(config, input), object);
  return reason === undefined ? undefined : `The object ${shown(object)} is not loaded: ${reason}.`;
}

function settingsOf(config: Config, input: Input): PipelineSettings {
  const settings = ownValue(config.pipelines, input.pipeline);
  if (settings !== undefined) return settings;
  const known = Object.keys(config.pipelines);
  throw new UnknownPipelineError(input.pipeline, known, nearest(input.pipeline, known));
}

function shown({ bucket, key }: S3Place): string {
  return `s3://${bucket}/${key}`;
}

function changed(settings: PipelineSettings, input: Input): PipelineSettings {
  const object = objectOf(input);
  if (object !== undefined) {
    const { withObject } = traitsOf(settings);
    if (withObject === undefined) throw new InvalidInputError(`pipeline "${input.pipeline}" reads no files`);
    const reason = whyNotLoaded(settings, object);
    if (reason !== undefined) throw new InvalidInputError(`the object ${shown(object)} is not the pipeline's: ${reason}`);
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

function objectOf({ detail, object }: Input): S3Place | undefined {
  return object ?? (detail === undefined ? undefined : { bucket: detail.bucket.name, key: detail.object.key });
}

/** The sequencer orders the events of a key, so with bucket, key and version it names one event for good. */
function eventIdOf({ detail, event_id: given }: Input): string | undefined {
  if (given !== undefined || detail === undefined) return given;
  const { key, sequencer, 'version-id': version } = detail.object;
  return JSON.stringify(['s3', detail.bucket.name, key, version ?? null, sequencer ?? null]);
}
