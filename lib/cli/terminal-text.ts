/** A text as one line of at most so many characters, control characters shown as what they are. */
export function shortened(text: string, most: number): string {
  const line = text.replace(/\p{Cc}/gu, (character) =>
    character === '\n' ? '⏎' : character === '\t' ? ' ' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  const characters = [...line];
  return characters.length <= most ? line : `${characters.slice(0, Math.max(0, most - 1)).join('')}…`;
}
