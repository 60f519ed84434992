import type { CsvDialect } from './manifest.ts';

/** The fields of one whole record of a delimited text, unquoted, without its line end. */
export function splitRecord(
  record: string,
  dialect: Pick<CsvDialect, 'delimiter' | 'quote' | 'escape' | 'skip_initial_space'>,
): readonly { readonly text: string; readonly quoted: boolean }[] {
  const { delimiter, quote } = dialect;
  const escapeMark = dialect.escape === '' ? quote : dialect.escape;
  const fields: { readonly text: string; readonly quoted: boolean }[] = [];
  let i = 0;
  const skipBlanks = (): void => {
    while (dialect.skip_initial_space === true && record[i] !== delimiter && /[ \t]/.test(record[i] ?? '')) i += 1;
  };
  for (;;) {
    let text = '';
    skipBlanks();
    const quoted = quote !== '' && record.startsWith(quote, i);
    if (quoted) {
      i += quote.length;
      while (i < record.length) {
        const following = record[i + 1];
        if (record[i] === escapeMark && (following === quote || (escapeMark !== quote && following === escapeMark))) {
          text += following;
          i += 2;
        } else if (record[i] === quote) {
          i += 1;
          break;
        } else {
          text += record[i];
          i += 1;
        }
      }
      skipBlanks();
    } else {
      const end = record.indexOf(delimiter, i);
      text = record.slice(i, end === -1 ? undefined : end);
      i += text.length;
    }
    fields.push({ text, quoted });
    if (!record.startsWith(delimiter, i)) {
      return fields;
    }
    i += delimiter.length;
  }
}
