/** The characters of a JSON text value; undefined where it is none. */
export function textOf(json: string | undefined): string | undefined {
  return json?.startsWith('"') === true ? (JSON.parse(json) as string) : undefined;
}

/** What a JSON scalar says, as characters: a text without its quotes, the rest as written; undefined for objects and arrays. */
export function scalarText(json: string): string | undefined {
  if (json.startsWith('{') || json.startsWith('[')) return undefined;
  return textOf(json) ?? json;
}

/** A count given as a number or as a text, e.g. `3500`, `"3500"` or `"3,500"`. */
export function countOf(json: string | undefined): number | undefined {
  const text = json === undefined ? undefined : scalarText(json);
  if (text === undefined || !/^\d{1,3}(,\d{3})+$|^\d+(\.0+)?$/.test(text.trim())) return undefined;
  return Number(text.replaceAll(',', ''));
}

/** Whether a flag is set: anything but false, 0, no, null, a blank and its absence. */
export function isTrue(json: string | undefined): boolean {
  const text = json === undefined ? undefined : scalarText(json)?.trim().toLowerCase();
  return text !== undefined && !['', 'false', '0', 'no', 'null'].includes(text);
}

/** A text as a URL, absolute or relative to `base`; undefined where it is none. */
export function urlOf(text: string, base: URL): string | undefined {
  return URL.canParse(text, base.href) ? new URL(text, base).href : undefined;
}

/** A text as JSON; undefined where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
