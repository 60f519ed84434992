import { en } from './en/en.ts';
import { ja } from './ja/ja.ts';
import type { Words } from './words.ts';

/** The languages of the page. */
export const languages = { en, ja } as const satisfies Readonly<Record<string, Words>>;
export type Language = keyof typeof languages;

/** Whether the page has this language. */
export function isLanguage(name: string | undefined): name is Language {
  return name !== undefined && Object.hasOwn(languages, name);
}

/** The language that was chosen, else the first of the browser's that the page has, else English. */
export function languageOf(chosen: string | undefined, accepted: string | undefined): Language {
  if (isLanguage(chosen)) return chosen;
  const wanted = (accepted ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', weight = ''] = part.trim().split(';');
      return { name: tag.split('-')[0]?.toLowerCase() ?? '', weight: Number(/q=([\d.]+)/.exec(weight)?.[1] ?? 1) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  return wanted.map(({ name }) => name).find(isLanguage) ?? 'en';
}
