/** A text as one line of at most so many characters, control characters shown as what they are. */
export function shortened(text: string, most: number): string {
  const line = text.replace(/\p{Cc}/gu, (character) =>
    character === '\n' ? '⏎' : character === '\t' ? ' ' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  const characters = [...line];
  return characters.length <= most ? line : `${characters.slice(0, Math.max(0, most - 1)).join('')}…`;
}

/** Characters that a line of the stream may have; without an end where it is no terminal. */
export function widthOf(stream: {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}): number {
  return stream.isTTY === true ? Math.max(20, stream.columns ?? 80) : Number.POSITIVE_INFINITY;
}

/** A column of a list. */
export interface ListColumn {
  readonly head: string;
  /** Numbers stand under each other by their last digit. */
  readonly right?: boolean;
}

/**
 * Rows as lines with their cells under each other. The last column gets what is left of the width and is cut there.
 *
 * @param width  characters of a line
 */
export function listLines(
  columns: readonly ListColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const all = [columns.map(({ head }) => head), ...rows];
  const widths = columns.map((_, index) => Math.max(...all.map((row) => [...(row[index] ?? '')].length)));
  return all.map((row) => {
    const cells = columns.map(({ right }, index) => {
      const text = row[index] ?? '';
      const missing = ' '.repeat(Math.max(0, (widths[index] ?? 0) - [...text].length));
      return right === true ? `${missing}${text}` : index === columns.length - 1 ? text : `${text}${missing}`;
    });
    return shortened(cells.join('  '), width).trimEnd();
  });
}

/** How long ago a time is, in a word or two; the date of what is longer ago than a month. */
export function ago(time: string, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - Date.parse(time)) / 1000);
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return seconds < 30 * 86_400 ? `${Math.floor(seconds / 86_400)} d ago` : time.slice(0, 10);
}

/** Seconds as a person says them: `4.2 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}
