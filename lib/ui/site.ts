import type { LoadedConfig } from '../config/read-config.ts';
import type { Target } from '../dsql/target.ts';
import type { Acts } from './acts/acts.ts';
import type { Format } from './format.ts';
import type { Html } from './html.ts';
import type { Language } from './words/language.ts';
import type { Words } from './words/words.ts';

/** What the page is about: one target, and the configuration that loads into it where there is one. */
export interface Site {
  readonly target: Target;
  /** The target is the local DSQL. */
  readonly local: boolean;
  /** Of the cluster; undefined of the local DSQL. */
  readonly region?: string | undefined;
  /** Read anew when its file has changed; `problem` says why it cannot be used. */
  readonly config: () => { readonly loaded?: LoadedConfig | undefined; readonly problem?: string | undefined };
  /** Undefined where the page only shows. */
  readonly acts?: Acts | undefined;
}

export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** What every view is made with. */
export interface Viewer {
  readonly site: Site;
  readonly language: Language;
  readonly words: Words;
  readonly format: Format;
  readonly theme: Theme;
  readonly now: Date;
  /** The path of the page and its query, as the browser asked for it. */
  readonly url: URL;
  /** Goes into every form that acts. */
  readonly csrf: string;
}

/** What a view gives. */
export interface View {
  readonly title: string;
  readonly main: Html;
  /** 200 when left out. */
  readonly status?: 200 | 403 | 404 | 500 | 503 | undefined;
  /** Where changes of what is shown are told of. */
  readonly events?: string | undefined;
  /** It has charts that scripts may make better. */
  readonly charts?: boolean | undefined;
  /** Seconds after which a browser without JavaScript loads the page again. */
  readonly reloadSeconds?: number | undefined;
}
