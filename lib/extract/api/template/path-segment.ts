/** What keeps a value from being a segment of a path, or a part of one; undefined where nothing does. */
export function segmentProblem(value: string): string | undefined {
  if (value === '') return 'is empty';
  if (loneSurrogate.test(value)) return 'has half of a character';
  let decoded = value;
  for (let round = 0; round < maxDecodings; round += 1) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    if (/[\u0000-\u001f\u007f]/.test(decoded)) return 'has a control character';
    if (decoded.split(/[/\\]/).some(isDots)) return 'is "." or "..", or has it between slashes';
    const next = percentDecoded(decoded);
    if (next === decoded) return undefined;
    decoded = next;
  }
  return 'is percent-encoded again and again';
}

/** A value in the query of a URL. */
export function encodedQuery(value: string): string {
  return encodeURIComponent(value.replaceAll(new RegExp(loneSurrogate, 'gu'), '\ufffd'));
}

/** Half of a UTF-16 pair, which JSON can write and UTF-8 cannot. */
const loneSurrogate = /\p{Surrogate}/u;

/** More than any server decodes a path. */
const maxDecodings = 8;

function isDots(segment: string): boolean {
  return segment === '.' || segment === '..';
}

/** Bytes that are no UTF-8 are left as they are. */
function percentDecoded(text: string): string {
  return text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run.replaceAll(/%([0-7][0-9A-Fa-f])/g, (_all, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
    }
  });
}
