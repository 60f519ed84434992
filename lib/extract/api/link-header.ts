/**
 * The target of the first link with the relation, from a Link header (RFC 8288 §3), resolved against `base`. Targets and
 * quoted parameters may hold commas and semicolons.
 */
export function linkTarget(header: string | readonly string[] | undefined, rel: string, base: URL): string | undefined {
  const text = typeof header === 'string' ? header : header?.join(', ');
  if (text === undefined) return undefined;
  for (const [, target = '', parameters = ''] of text.matchAll(
    /<([^>]*)>((?:\s*;\s*[^\s=;,]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s";,]*))?)*)/g,
  )) {
    const relation = /;\s*rel\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";,]*))/i.exec(parameters);
    const relations = (relation?.[1] ?? relation?.[2] ?? '').toLowerCase().split(/\s+/);
    if (!relations.includes(rel.toLowerCase())) continue;
    return URL.canParse(target, base.href) ? new URL(target, base).href : undefined;
  }
  return undefined;
}
