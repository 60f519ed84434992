import { withoutLength } from '../infer/text-form.ts';
import type { CsvScan } from '../read/csv-scan.ts';
import type { LocalPart } from '../read/local-part.ts';
import { rowHash } from '../read/raw-file.ts';
import type { RawRows } from '../read/raw-rows.ts';
import type { ReadContext } from '../read/read-context.ts';
import { type WholeFields, walkWholeCsv } from '../read/whole-csv.ts';
import type { TransformRequest } from '../request.ts';
import { workingRelation } from '../result/working-file.ts';
import { lookupsOf } from '../rules/rule-kinds.ts';
import { absentColumns } from './absent-columns.ts';
import { planColumns } from './column-plan.ts';
import { type WorkingRows, writeWorkingRows } from './working-rows.ts';

/** A source whose rows are in the working file. */
export interface CleanedSource extends WorkingRows {
  /** The rows as they were read. */
  readonly raw: RawRows;
  /** A relation of the raw rows' hashes `h` that is read faster than `raw`, where there is one. */
  readonly hashes: string | undefined;
}

/** `cleaned` is undefined where the source has to be cleaned in two passes; `scan` spares these the first walk. */
export interface OnePassResult {
  readonly cleaned: CleanedSource | undefined;
  readonly scan: CsvScan | undefined;
}

/** Rows whose values tell the types that the other rows have to prove. */
const firstRows = 20_000;

/**
 * Cleans a single large CSV file in the pass that reads it, in place of writing its rows as they are, asking them all for
 * their types, and reading them again. The first rows tell the types, and the pass fails where a row proves one wrong.
 * Meanwhile a walk over the bytes finds out whether every record is good. Where the pass fails, its reason is left to
 * two passes, which meet it again where it is a fault of the source or the configuration.
 */
export async function cleanInOnePass(
  request: TransformRequest,
  parts: readonly LocalPart[],
  context: ReadContext,
  workingPath: string,
): Promise<OnePassResult> {
  const { business_rules, explode, flatten } = request.settings;
  // A lookup needs the rows' places, which one pass does not know before the rows are written.
  const isPlain = explode === undefined && flatten === undefined && lookupsOf(business_rules).length === 0;
  const whole = isPlain ? walkWholeCsv(parts, context) : undefined;
  if (whole === undefined) return { cleaned: undefined, scan: undefined };
  const fields = await whole.header;
  // Both are awaited whatever becomes of the other: no statement may outlive its session, which ends with a failure.
  const [written, walked] = await Promise.allSettled([
    fields === undefined ? undefined : writeWhole(request, context, fields, workingPath),
    whole.walked,
  ]);
  if (walked.status === 'rejected') throw walked.reason;
  const { raw, scan } = walked.value;
  if (written.status === 'rejected' || written.value === undefined || raw === undefined) {
    return { cleaned: undefined, scan };
  }
  request.onProgress?.({ stage: 'read', rows: raw.rows });
  return { cleaned: { ...written.value, raw, hashes: workingRelation(workingPath) }, scan };
}

/** @throws where the types cannot be told so; or for what makes `cleanInTwoPasses` fail as well */
async function writeWhole(
  request: TransformRequest,
  { session }: ReadContext,
  { fields, names }: WholeFields,
  workingPath: string,
): Promise<WorkingRows> {
  if (absentColumns(request, names).length > 0) throw new Error('The source lacks columns that two passes add.');
  const columns = names.map((sourceName) => ({ sourceName, duckType: 'VARCHAR' }));
  const texts = names.map((_, i) => `${withoutLength(`c${i}`)} AS c${i}`).join(', ');
  await session.run(
    `CREATE TABLE first_row AS SELECT row_number() OVER () AS o, ${texts} FROM ${fields} LIMIT ${firstRows}`,
  );
  const lengths = names.map((_, i) => `coalesce(strlen(c${i}), 0)`).join(' + ');
  const [counted] = await session.rows(`SELECT count(*) AS n, avg(${lengths}) AS bytes FROM first_row`);
  const first = { kind: 'text', columns, relation: 'first_row', rows: Number(counted?.n) } as const;
  const planned = await planColumns(session, first, request, { first: true }).finally(() =>
    session.run('DROP TABLE first_row'),
  );
  // Until the rows are written they have no ordinals; what stays with a row in their place is its hash.
  const relation = `(SELECT ${rowHash(columns.length)} AS o, * FROM ${fields})`;
  const rows = {
    raw: { ...first, relation },
    planned,
    list: 'o AS h, * EXCLUDE (o)',
    rowBytes: Number(counted?.bytes),
  };
  return await writeWorkingRows(session, request, rows, workingPath);
}
