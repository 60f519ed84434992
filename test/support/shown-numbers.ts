/** A number as a page shows it. */
export interface ShownNumber {
  /** What it is of: the pipeline, run, stage, reason, … of its row; empty where it is of the whole page. */
  readonly of: string;
  /** Its name, mostly that of a column of the log. */
  readonly name: string;
  readonly value: number;
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function plain(markup: string): string {
  return markup
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&([a-z]+|#39);/g, (whole, name: string) => entities[name] ?? whole);
}

function mainOf(page: string): string {
  return /<main[^>]*>([\s\S]*)<\/main>/.exec(page)?.[1] ?? '';
}

const tokens =
  /<(?<open>tr|li)\b(?<attributes>[^>]*)>|<\/(?<close>tr|li)>|<data class="n" value="(?<value>[^"]*)" data-name="(?<name>[^"]*)">(?<text>[\s\S]*?)<\/data>/g;
const owner = / data-(?:pipeline|run|reason|row|stage|rule|source|table)="([^"]*)"/;

/** The numbers that a page shows, in their order. */
export function shownNumbers(page: string): readonly ShownNumber[] {
  const within: string[] = [];
  const found: ShownNumber[] = [];
  for (const { groups = {} } of mainOf(page).matchAll(tokens)) {
    const { attributes = '', close, name, open, text = '', value } = groups;
    if (open !== undefined) within.push(plain(owner.exec(attributes)?.[1] ?? within.at(-1) ?? ''));
    else if (close !== undefined) within.pop();
    else found.push({ of: within.at(-1) ?? '', name: name ?? '', value: Number(value), text: plain(text) });
  }
  return found;
}

/** What may have digits without being a number of the log: times, code and data, which are shown as they are; axes; advice. */
const others = [
  /<(data|time|code|pre|bdi|svg|select|textarea)\b[\s\S]*?<\/\1>/g,
  /<p class="[xy]">[\s\S]*?<\/p>/g,
  /<span class="place">[\s\S]*?<\/span>/g,
  /<dl class="remedy">[\s\S]*?<\/dl>/g,
  /<li data-warning[\s\S]*?<\/ul>[\s\S]*?<\/li>/g,
  /\bS3\b/g,
];

/** Words with digits that a page shows and that are none of its numbers. */
export function strayNumbers(page: string): readonly string[] {
  const rest = others.reduce((text, one) => text.replaceAll(one, ' '), mainOf(page));
  return plain(rest.replaceAll(/<[^>]*>/g, ' ')).match(/\S*\d\S*/g) ?? [];
}
