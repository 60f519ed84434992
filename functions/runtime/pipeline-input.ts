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
  const { object } = input;
  if (takesObjects(input) && (object !== undefined || traitsOf(settings).withObject === undefined)) {
    throw new InvalidInputError(
      object === undefined ? `pipeline "${input.pipeline}" reads no files` : 'give one of object, objects and prefix',
    );
  }
  if (object !== undefined) {
    const { withObject } = traitsOf(settings);
    if (withObject === undefined) throw new InvalidInputError(`pipeline "${input.pipeline}" reads no files`);
    const reason = whyNotLoaded(settings, object);
    if (reason !== undefined)
      throw new InvalidInputError(`the object ${shown(object)} is not the pipeline's: ${reason}`);
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
  const { event_id: eventId, from, to } = input;
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

/** Whether the input means objects that landed, or were listed, instead of the configured files. */
export function takesObjects({ objects, prefix }: Input): boolean {
  return objects !== undefined || prefix !== undefined;
}
