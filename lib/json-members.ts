/**
 * A JSON object's text without some of its members; what stays is as it was written, so that no number loses a digit.
 *
 * @param text  a JSON object that has been parsed before, so it is well formed
 */
export function withoutMembers(text: string, leftOut: ReadonlySet<string>): string {
  const kept = members(text).filter((member) => !leftOut.has(nameOf(member)));
  return `{${kept.map((member) => member.trim()).join(',')}}`;
}

/** The texts between the commas of the object itself. */
function members(text: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let inText = false;
  let from = text.indexOf('{') + 1;
  for (let at = from - 1; at < text.length; at += 1) {
    const character = text[at];
    if (inText) {
      if (character === '\\') at += 1;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (inText || (character !== ',' && character !== '}')) continue;
    if ((character === ',' && depth === 1) || (character === '}' && depth === 0)) {
      found.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return found.filter((member) => member.trim() !== '');
}

function nameOf(member: string): string {
  const [name = ''] = /^\s*"(?:[^"\\]|\\.)*"/.exec(member) ?? [];
  return name === '' ? '' : String(JSON.parse(name));
}
