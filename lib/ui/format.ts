import { html } from 'hono/html';
import type { Html } from './html.ts';
import type { Words } from './words/words.ts';

/** Writes numbers and times in one language, as seen at one moment. */
export interface Format {
  readonly number: (value: number) => string;
  /** A share from 0 to 1 as a percentage; shares that are not 0 are never shown as 0 %. */
  readonly share: (part: number, of: number) => string;
  readonly duration: (seconds: number) => string;
  readonly bytes: (value: number) => string;
  /** How long ago or until, with the whole time behind it. */
  readonly time: (iso: string | Date) => Html;
  /** The whole time, by the clock of this machine. */
  readonly moment: (iso: string | Date) => string;
  /** Day and hour, short enough for an axis. */
  readonly axis: (seconds: number) => string;
}

const steps = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 30],
  ['month', 12],
  ['year', Number.POSITIVE_INFINITY],
] as const;

/** The format of a language at a moment. @param locale  of `Intl`, e.g. `ja` */
export function formatOf(locale: string, words: Words, now: Date): Format {
  const whole = new Intl.NumberFormat(locale);
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long' });
  const short = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
  const moment = (time: string | Date): string => full.format(new Date(time));
  return {
    number: (value) => whole.format(value),
    share: (part, of) => shareText(locale, part, of),
    duration: (seconds) => durationText(seconds, words),
    bytes: (value) => bytesText(locale, value),
    moment,
    axis: (seconds) => short.format(new Date(seconds * 1000)),
    time: (time) => {
      const date = new Date(time);
      return html`<time datetime="${date.toISOString()}" title="${moment(date)}">${relativeText(relative, date, now)}</time>`;
    },
  };
}

function relativeText(relative: Intl.RelativeTimeFormat, date: Date, now: Date): string {
  let value = (date.getTime() - now.getTime()) / 1000;
  for (const [unit, size] of steps) {
    if (Math.abs(value) < size) return relative.format(Math.trunc(value), unit);
    value /= size;
  }
  return relative.format(Math.trunc(value), 'year');
}

function durationText(seconds: number, { units }: Words): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ${units.ms}`;
  if (seconds < 60) return `${seconds.toFixed(1)} ${units.s}`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return `${Math.floor(whole / 60)} ${units.min} ${whole % 60} ${units.s}`;
  return `${Math.floor(whole / 3_600)} ${units.h} ${Math.floor((whole % 3_600) / 60)} ${units.min}`;
}

function shareText(locale: string, part: number, of: number): string {
  if (of === 0) return '–';
  const share = (100 * part) / of;
  const text = (value: number, digits: number): string =>
    `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value)} %`;
  if (part > 0 && share < 0.01) return `< ${text(0.01, 2)}`;
  if (part < of && share > 99.99) return `> ${text(99.99, 2)}`;
  return text(share, share < 1 || share > 99 ? 2 : 1);
}

function bytesText(locale: string, value: number): string {
  const names = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = value < 1 ? 0 : Math.min(names.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** power;
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: scaled < 10 && power > 0 ? 1 : 0 }).format(scaled)} ${names[power] ?? ''}`;
}
