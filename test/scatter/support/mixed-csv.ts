const text = (i: number): string =>
  i % 7 === 0 ? `"two\nlines, ${i}"` : i % 11 === 0 ? `"a ""quote"" ${i}"` : `name ${i % 40}`;

/** Rows with quoted line ends, repeats, rows without a key, bad values and ragged lines all over. */
export const mixedCsv = `id,name,amount,at\n${Array.from({ length: 400 }, (_, i) => {
  if (i % 53 === 0) return `${i},ragged\n`;
  if (i % 61 === 0) return `,no key,${i},2025-01-02\n`;
  const of = i % 29 === 0 ? Math.floor(i / 2) : i;
  return `${of},${text(of)},${of % 100}.25,2025-01-${String((of % 28) + 1).padStart(2, '0')}\n`;
}).join('')}`;
