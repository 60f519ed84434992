import type { IncomingHttpHeaders } from 'node:http';
import type { VariableName } from '../../config/template-words.ts';
import type { PagePosition } from './page-position.ts';
import type { RequestDraft } from './request-draft.ts';
import type { Signs } from './signs.ts';
import type { PageScope } from './template/variables.ts';

/** What a page said of itself. */
export interface PageFacts {
  /** What the API counts: the elements of its list, whatever rows are taken from them. */
  readonly items: number;
  readonly signs: Signs;
  /** Values of the body by the names of the pager's paths, as JSON text. */
  readonly captures: ReadonlyMap<string, string>;
  readonly headers: IncomingHttpHeaders;
  /** Where it came from. */
  readonly url: URL;
}

/** How the next page is asked for. */
export type NextPage = Pick<PagePosition, 'cursor' | 'url'>;

/** One way in which an API deals out its rows in pages. */
export interface Pager<S> {
  /** Whether it counts pages or items itself, so that it has to be told where they end. */
  readonly counts?: true | undefined;
  /** JSONPaths of the values of a response's body that it needs, by name. */
  readonly paths: (settings: S) => Readonly<Record<string, string | undefined>>;
  /** What placeholders of the request may stand for; absent where there are none. */
  readonly scope?: ((settings: S, position: PagePosition) => PageScope) | undefined;
  /** Puts what asks for the page at `position` into the request, but for what its placeholders say already. */
  readonly write: (draft: RequestDraft, settings: S, position: PagePosition, placed: ReadonlySet<VariableName>) => void;
  /** The page after the one at `position`; undefined where that was the last. */
  readonly next: (settings: S, position: PagePosition, facts: PageFacts) => NextPage | undefined;
}
