/**
 * One line of CSV by RFC 4180, without its end. A text is quoted where it has to be, and where it is empty or begins or
 * ends with a blank; no value is nothing between two commas, so that it is told from an empty text. Objects are JSON.
 */
export function csvLine(values: readonly unknown[]): string {
  // A line of one missing value would be an empty line, which readers pass over.
  if (values.length === 1 && (values[0] === null || values[0] === undefined)) return '""';
  return values.map(field).join(',');
}

function field(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
