import { grouped } from '../../grouped.ts';
import type { RunProgress } from '../../run/run-context.ts';
import { duration, shortened, widthOf } from '../terminal-text.ts';

/** A log gets one line in this time; a terminal a line that changes. */
const logEveryMs = 10_000;
const drawEveryMs = 200;

/** Characters of the bar. */
const barWidth = 20;

export interface ProgressDisplay {
  readonly start: (pipeline: string) => void;
  readonly report: (progress: RunProgress) => void;
  readonly stop: () => void;
}

/** What it is shown on; a terminal tells its width. */
export type ProgressStream = Pick<NodeJS.WriteStream, 'write'> & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

/** The stages that take time, in their order. */
const counted = ['extract', 'transform', 'load', 'record'];

/** How far a run is, as it is shown. */
interface Shown extends RunProgress {
  readonly pipeline: string;
  /** Since the run began, and since its stage did. */
  readonly runSeconds: number;
  readonly stageSeconds: number;
}

/**
 * Pipeline, stage, rows, rates and time left, by one clock for the run: on a terminal a line that changes, in a log a line
 * every 10 s, nothing when quiet.
 *
 * @param now  milliseconds of a clock that never goes back
 */
export function showProgress(
  stream: ProgressStream,
  quiet: boolean,
  now: () => number = () => performance.now(),
): ProgressDisplay {
  if (quiet) return { start: () => undefined, report: () => undefined, stop: () => undefined };
  const terminal = stream.isTTY === true;
  const everyMs = terminal ? drawEveryMs : logEveryMs;
  const began = { run: now(), stage: now() };
  let pipeline = '';
  let stage: RunProgress['stage'] | undefined;
  let drawn = now();
  let bytes: number | undefined;
  let isDrawn = false;
  const clear = (): void => {
    if (isDrawn) stream.write('\r\u001b[2K');
    isDrawn = false;
  };
  return {
    start: (name) => {
      pipeline = name;
      stage = undefined;
      bytes = undefined;
      began.run = now();
      drawn = now();
    },
    report: (progress) => {
      const entered = progress.stage !== stage;
      if (entered) began.stage = now();
      stage = progress.stage;
      bytes = progress.bytes ?? bytes;
      if (now() - drawn < everyMs && !(entered && terminal)) return;
      drawn = now();
      const line = progressLine({
        ...progress,
        bytes: bytesOf(progress, bytes),
        pipeline,
        runSeconds: (now() - began.run) / 1000,
        stageSeconds: (now() - began.stage) / 1000,
      });
      if (!terminal) {
        stream.write(`${line}\n`);
        return;
      }
      clear();
      stream.write(shortened(line, widthOf(stream) - 1));
      isDrawn = true;
    },
    stop: clear,
  };
}

/** Of the source's bytes those whose rows a stage has done; of a load by its share of the rows. */
function bytesOf({ bytes, of, rows }: RunProgress, source: number | undefined): number | undefined {
  return bytes ?? (source === undefined || of === undefined || of === 0 ? undefined : (source * rows) / of);
}

const number = (value: number): string => grouped(Math.round(value));

/** One line about a run that is under way. */
export function progressLine(shown: Shown): string {
  const { bytes, conflicts, of, pipeline, rejected, rows, runSeconds, stage, stageSeconds } = shown;
  const place = counted.indexOf(stage) + 1;
  const known = stageSeconds >= 0.5;
  const left = of !== undefined && rows > 0 && known ? (stageSeconds * (of - rows)) / rows : undefined;
  return [
    pipeline,
    place === 0 ? stage : `${place}/${counted.length} ${stage}`,
    ...(of === undefined || of === 0 ? [] : [barOf(rows / of)]),
    of === undefined ? `${number(rows)} rows` : `${number(rows)} of ${number(of)} rows`,
    ...(known && rows > 0 ? [`${number(rows / stageSeconds)} rows/s`] : []),
    ...(known && bytes !== undefined && bytes > 0 ? [`${(bytes / 1e6 / stageSeconds).toFixed(1)} MB/s`] : []),
    ...(left === undefined ? [] : [`${duration(left)} left`]),
    ...(rejected === undefined || rejected === 0 ? [] : [`${number(rejected)} rejected`]),
    ...(conflicts === undefined || conflicts === 0 ? [] : [`${number(conflicts)} conflicts`]),
    duration(runSeconds),
  ].join('  ');
}

function barOf(share: number): string {
  const full = Math.min(barWidth, Math.floor(share * barWidth));
  return `${'█'.repeat(full)}${'░'.repeat(barWidth - full)}`;
}
