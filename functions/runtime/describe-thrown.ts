/** Characters of a message that are passed on; the log has all of it. */
const maxMessage = 200;
/** Frames of a stack that are passed on: the function that threw, and who called it. */
const maxFrames = 4;
/** Errors of a chain of causes that are described. */
const maxCauses = 3;

/**
 * Kind, message and head of the stack of anything that was thrown, and of what caused it, in one line for notices: the
 * first line of each message, at most 200 characters of it, and positions in the bundle without its folder. Signed
 * addresses and bearer tokens are left out.
 */
export function describeThrown(thrown: unknown): string {
  const parts: string[] = [];
  for (let error = thrown; error !== undefined && parts.length < maxCauses; error = causeOf(error)) {
    parts.push(describeOne(error));
  }
  return parts.join('; caused by ');
}

function describeOne(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `${typeof thrown} ${shorten(textOf(thrown))}`;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? ` ${thrown.code}` : '';
  const frames = framesOf(thrown.stack);
  return `${thrown.name}${code}: ${shorten(thrown.message)}${frames === '' ? '' : ` (${frames})`}`;
}

/** What an error was caused by; several at once are stood for by the first. */
function causeOf(thrown: unknown): unknown {
  if (thrown instanceof AggregateError) return thrown.errors[0];
  return thrown instanceof Error ? thrown.cause : undefined;
}

function textOf(thrown: unknown): string {
  try {
    return typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown));
  } catch {
    return String(thrown);
  }
}

function shorten(text: string): string {
  const [line = ''] = text.trim().split('\n');
  const plain = line
    .replace(/\?\S*X-Amz-\S*/gi, '?…')
    .replace(/\b(bearer|basic) \S+/gi, '$1 …')
    .replace(/:\/\/[^\s/@]+@/g, '://…@');
  return plain.length > maxMessage ? `${plain.slice(0, maxMessage)}…` : plain;
}

function framesOf(stack: string | undefined): string {
  return (stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, maxFrames)
    .map((line) => line.trim().replace(/(\(|async |at )(file:\/\/)?\/\S*\/(?=[^/\s]+:\d+:\d+)/g, '$1'))
    .join(' ');
}
