import { SingleBar } from 'cli-progress';
import type { RunProgress } from '../run/run-context.ts';

/** A log gets one line in this time; a terminal a bar that moves. */
const logEveryMs = 10_000;

export interface ProgressDisplay {
  readonly start: (pipeline: string) => void;
  readonly report: (progress: RunProgress) => void;
  readonly stop: () => void;
}

/** Rows, rate and time left, on a terminal as a bar, in a log as a line every 10 s, nowhere when quiet. */
export function showProgress(stream: NodeJS.WriteStream, quiet: boolean): ProgressDisplay {
  if (quiet) return { start: () => undefined, report: () => undefined, stop: () => undefined };
  return stream.isTTY ? terminalProgress(stream) : logProgress(stream);
}

function terminalProgress(stream: NodeJS.WriteStream): ProgressDisplay {
  let bar: SingleBar | undefined;
  let stage = '';
  let pipeline = '';
  let began = performance.now();
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    start: (name) => {
      pipeline = name;
      stage = '';
    },
    report: (progress) => {
      if (progress.stage !== stage || bar === undefined) {
        stop();
        stage = progress.stage;
        began = performance.now();
        const format =
          progress.of === undefined
            ? '{pipeline}  {stage}  {value} rows  {duration_formatted}'
            : '{pipeline}  {stage}  {bar} {value}/{total} rows  {speed}/s  {eta_formatted} left';
        bar = new SingleBar({ format, stream, clearOnComplete: true, hideCursor: true, fps: 5, linewrap: false });
        bar.start(progress.of ?? 0, progress.rows, { pipeline, stage, speed: 0 });
      }
      if (progress.of !== undefined) bar.setTotal(progress.of);
      bar.update(progress.rows, { pipeline, stage, speed: rate(progress.rows, began) });
    },
    stop,
  };
}

function logProgress(stream: NodeJS.WriteStream): ProgressDisplay {
  let pipeline = '';
  let last = performance.now();
  return {
    start: (name) => {
      pipeline = name;
      last = performance.now();
    },
    report: ({ of, rows, stage }) => {
      if (performance.now() - last < logEveryMs) return;
      last = performance.now();
      const total = of === undefined ? '' : ` of ${of.toLocaleString('en')}`;
      stream.write(`${pipeline}: ${stage}, ${rows.toLocaleString('en')}${total} rows\n`);
    },
    stop: () => undefined,
  };
}

function rate(rows: number, began: number): string {
  const seconds = (performance.now() - began) / 1000;
  return seconds < 0.5 ? '…' : Math.round(rows / seconds).toLocaleString('en');
}
