/** What an API said, for the middle of a sentence. */
export function said(excerpt: string): string {
  return excerpt === '' ? '' : `: ${excerpt}`;
}
