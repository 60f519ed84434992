import type { SecretReference } from '../secret.ts';
import type { AddIssue } from './add-issue.ts';

/** A `{secret.name}` and where it stands. */
export interface SecretUse {
  readonly name: string;
  readonly path: readonly PropertyKey[];
}

/** Every `{secret.name}` in the texts of a value. */
export function secretNamesIn(value: unknown, path: readonly PropertyKey[] = []): readonly SecretUse[] {
  if (typeof value === 'string') {
    return [...value.matchAll(/(?<!\{)\{secret\.([^{}:]+)/g)].map(([, name = '']) => ({ name, path }));
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => secretNamesIn(inner, [...path, key]));
}

type Secrets = Readonly<Record<string, SecretReference>>;

/** Names that neither the pipeline nor data_source has among its secrets. */
export function checkSecretNames(
  {
    data_source,
    pipelines,
  }: {
    readonly data_source: { readonly headers: object; readonly secrets: Secrets };
    readonly pipelines: Readonly<Record<string, { readonly source_type: string; readonly secrets?: Secrets }>>;
  },
  add: AddIssue,
): void {
  const report = (value: unknown, path: readonly PropertyKey[], known: Secrets): void => {
    for (const use of secretNamesIn(value, path)) {
      if (Object.hasOwn(known, use.name)) continue;
      add(use.path, `has {secret.${use.name}}, which is not in secrets; add e.g. secrets: {${use.name}: {env: NAME}}`);
    }
  };
  report(data_source.headers, ['data_source', 'headers'], data_source.secrets);
  for (const [name, pipeline] of Object.entries(pipelines)) {
    if (pipeline.source_type !== 'api') continue;
    report(pipeline, ['pipelines', name], { ...data_source.secrets, ...pipeline.secrets });
  }
}
