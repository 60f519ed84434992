const hourMs = 3_600_000;
const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();

/** How far the clocks of a zone are ahead of UTC at an instant, in milliseconds. */
export function zoneOffset(zone: string, utcMs: number): number {
  if (zone === 'UTC') return 0;
  // Clocks change at full hours of UTC, or at half ones.
  const key = `${zone} ${Math.floor(utcMs / (hourMs / 2))}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const offset = readOffset(zone, utcMs);
  if (offsets.size > 10_000) offsets.clear();
  offsets.set(key, offset);
  return offset;
}

/** The instant of a time on the clocks of a zone, both in ms since 1970; the earlier one where there are two. */
export function instantOf(wallMs: number, zone: string): number {
  const before = zoneOffset(zone, wallMs - 24 * hourMs);
  const after = zoneOffset(zone, wallMs + 24 * hourMs);
  const early = wallMs - Math.max(before, after);
  return zoneOffset(zone, early) === Math.max(before, after) ? early : wallMs - Math.min(before, after);
}

function readOffset(zone: string, utcMs: number): number {
  const format = formats.get(zone) ?? newFormat(zone);
  const second = Math.floor(utcMs / 1_000) * 1_000;
  const parts = Object.fromEntries(format.formatToParts(second).map(({ type, value }) => [type, Number(value)]));
  const { day = 1, hour = 0, minute = 0, month = 1, second: seconds = 0, year = 1970 } = parts;
  const wall = new Date(0);
  wall.setUTCFullYear(year, month - 1, day);
  wall.setUTCHours(hour, minute, seconds, 0);
  return wall.getTime() - second;
}

function newFormat(zone: string): Intl.DateTimeFormat {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, format);
  return format;
}
