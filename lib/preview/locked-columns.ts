import { declaredTypeSchema } from '../config/declared-column.ts';
import type { PipelineSettings } from '../config/pipeline.ts';
import { findColumn } from '../transform/find-column.ts';
import { madeBy } from '../transform/rules/rule-kinds.ts';
import type { Preview, PreviewColumn } from './preview.ts';

/** What a lock would declare, and what it cannot. */
export interface LockedColumns {
  /** Types by the name under which `columns` declares them. */
  readonly columns: Readonly<Record<string, string>>;
  /** Columns that get no type, with the reason. */
  readonly left: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * The types of a preview as a contract: of columns that the source has, by their names in the target where those mean
 * them alone. What is declared already stays as it is declared.
 */
export function lockedColumns(
  preview: Preview,
  settings: Pick<PipelineSettings, 'business_rules' | 'columns'>,
): LockedColumns {
  const own = preview.columns.slice(1).filter(({ evidence, state }) => state !== 'gone' && evidence !== undefined);
  const named = own.map((column) => ({ ...column, sourceName: column.source_name }));
  const declared = new Set(
    Object.entries(settings.columns).flatMap(([name, setting]) => {
      const hasType = typeof setting === 'string' || setting.type !== undefined || setting.date_format !== undefined;
      const column = findColumn(named, name);
      return hasType && column !== undefined ? [column.name] : [];
    }),
  );
  const ruled = new Set(
    settings.business_rules.flatMap(madeBy).map(({ name }) => findColumn(named, name)?.name ?? name),
  );
  const columns: Record<string, string> = {};
  const left: { name: string; reason: string }[] = [];
  for (const column of named) {
    if (declared.has(column.name)) continue;
    const type = declarable(column);
    if (ruled.has(column.name)) left.push({ name: column.name, reason: 'a business rule makes its values' });
    else if (column.undecided === true) left.push({ name: column.name, reason: 'no row has a value' });
    else if (type === undefined) left.push({ name: column.name, reason: `columns cannot declare ${column.type}` });
    else columns[nameOf(named, column, settings)] = type;
  }
  return { columns, left: [...left, ...untypedDropped(settings)] };
}

/** Columns that rules alone see: a preview does not show them, and without a type beside `drop` each run infers one. */
function untypedDropped({
  business_rules: rules,
  columns,
}: Pick<PipelineSettings, 'business_rules' | 'columns'>): LockedColumns['left'] {
  const made = rules.flatMap(madeBy);
  return Object.entries(columns).flatMap(([name, setting]) =>
    typeof setting === 'string' || setting.drop !== true || setting.type !== undefined || findColumn(made, name)
      ? []
      : [{ name, reason: 'drop leaves it out of the table; a type beside drop would declare it' }],
  );
}

/** A name by which the settings find the column, and no other; one under which it stands already comes first. */
function nameOf(
  named: readonly { readonly name: string; readonly sourceName: string | undefined }[],
  column: { readonly name: string; readonly sourceName: string | undefined },
  settings: Pick<PipelineSettings, 'columns'>,
): string {
  const finds = (name: string): boolean => findColumn(named, name)?.name === column.name;
  return (
    Object.keys(settings.columns).find(finds) ?? (finds(column.name) ? column.name : (column.sourceName ?? column.name))
  );
}

/** The type as `columns` declares it; undefined where it cannot. */
function declarable({ type }: PreviewColumn): string | undefined {
  const short = type
    .replace(/^character varying/, 'varchar')
    .replace(/^timestamp( without time zone)?$/, 'timestamp')
    .replace(/^timestamp with time zone$/, 'timestamptz')
    .replace(/^time without time zone$/, 'time');
  return declaredTypeSchema.safeParse(short).success ? short : undefined;
}
