import { type ExpressionNode, ExpressionProblem, positionOf } from './expression-tree.ts';

/**
 * DuckDB computes 2,048 rows before it looks whether it was interrupted, and what functions make of texts is not in its
 * limit of memory. So every call whose work grows with its arguments is bounded for each row: where the arguments are
 * constants the rule is refused, else a row for which they are too large is rejected.
 */

/** Bytes of a text that `repeat`, `lpad` or `rpad` may make: a vector of 2,048 of them takes 128 MiB. */
const maxMadeBytes = 65_536;
/** Pairs of bytes that a comparison of texts may look at, 2,000 by 2,000: some milliseconds. */
const maxPairs = 4_000_000;
/** Bytes that replacing may make of a text. */
const maxReplacedBytes = 4_194_304;
/** Characters to which a format may widen a value. */
const maxWidth = 1_000;

/** Expressions nested deeper than this take minutes to check; DuckDB itself ends at 1,000. */
export const maxDepth = 200;
/** Characters of the SQL an expression becomes; a division names its divisor three times. */
export const maxSqlLength = 1_000_000;

type Bound = (args: readonly string[], node: ExpressionNode, name: string) => string | undefined;

/** By function: a condition in SQL that holds for a row whose arguments are too large; or a refusal of constants. */
const bounds: ReadonlyMap<string, Bound> = new Map<string, Bound>([
  [
    'repeat',
    ([text = '', count = ''], node, name) => {
      refuseLarge(node, name, 1, maxMadeBytes);
      return `strlen(${text}) * (${count})::BIGINT > ${maxMadeBytes}`;
    },
  ],
  ...['lpad', 'rpad'].map((name): [string, Bound] => [
    name,
    ([, width = ''], node) => {
      refuseLarge(node, name, 1, maxMadeBytes);
      return isConstant(node, 1) ? undefined : `(${width}) > ${maxMadeBytes}`;
    },
  ]),
  ...['levenshtein', 'editdist3', 'damerau_levenshtein', 'jaro_similarity', 'jaro_winkler_similarity'].map(
    (name): [string, Bound] => [name, ([left = '', right = '']) => `strlen(${left}) * strlen(${right}) > ${maxPairs}`],
  ),
  [
    'replace',
    ([text = '', from = '', to = ''], node) =>
      isShort(node, 2)
        ? undefined
        : `strlen(${text}) * strlen(${to}) / greatest(strlen(${from}), 1) > ${maxReplacedBytes}`,
  ],
  [
    'regexp_replace',
    ([text = '', , to = ''], node) =>
      isShort(node, 2) ? undefined : `strlen(${text}) * strlen(${to}) > ${maxReplacedBytes}`,
  ],
  ['format', (_args, node, name) => refuseWidths(node, name)],
  ['printf', (_args, node, name) => refuseWidths(node, name)],
]);

/**
 * The arguments of a function, of which the first fails for a row whose arguments are too large together.
 *
 * @throws {ExpressionProblem} when constants make the call too large for every row, or the first is no text
 */
export async function boundedArguments(
  name: string,
  node: ExpressionNode,
  args: readonly string[],
  typeOf: (sql: string) => Promise<string | undefined>,
): Promise<readonly string[]> {
  const tooLarge = bounds.get(name)?.(args, node, name);
  const [first, ...others] = args;
  if (tooLarge === undefined || first === undefined) return args;
  const type = await typeOf(first);
  if (type !== undefined && !['VARCHAR', 'JSON', '"NULL"'].includes(type)) {
    throw new ExpressionProblem(`${name} is for texts, not for a ${type.toLowerCase()}`, positionOf(node));
  }
  // The cast of a text that is no number fails, for this row alone.
  const failure = `CAST(CAST('too large: ' || strlen(${first}) AS DOUBLE) AS VARCHAR)`;
  return [`CASE WHEN ${tooLarge} THEN ${failure} ELSE ${first} END`, ...others];
}

function refuseLarge(node: ExpressionNode, name: string, index: number, most: number): void {
  const value = constantOf(node, index);
  if (typeof value === 'number' && value > most) {
    throw new ExpressionProblem(
      `${name}(…, ${value.toLocaleString('en-US')}) is larger than the ${most.toLocaleString('en-US')} that a rule may make`,
      positionOf(node),
    );
  }
}

/** A width that comes from a row, or a pattern that does, could be any. */
function refuseWidths(node: ExpressionNode, name: string): undefined {
  const pattern = constantOf(node, 0);
  if (typeof pattern !== 'string') {
    throw new ExpressionProblem(`the pattern of ${name} has to be a text in single quotes`, positionOf(node));
  }
  const widest = Math.max(0, ...[...pattern.matchAll(/\d+/g)].map(([digits]) => Number(digits)));
  if (widest > maxWidth || /%[^a-zA-Z%]*\*|\{[^{}]*\{/.test(pattern.replaceAll(/\{\{|\}\}/g, ''))) {
    throw new ExpressionProblem(
      `the pattern of ${name} may widen values to ${maxWidth} characters at most`,
      positionOf(node),
    );
  }
  return undefined;
}

function argumentOf(node: ExpressionNode, index: number): ExpressionNode | undefined {
  return (node.children as readonly ExpressionNode[] | undefined)?.[index];
}

function isConstant(node: ExpressionNode, index: number): boolean {
  return argumentOf(node, index)?.class === 'CONSTANT';
}

/** Whether an argument is a constant text that makes no text much longer than it was. */
function isShort(node: ExpressionNode, index: number): boolean {
  const value = constantOf(node, index);
  return typeof value === 'string' && value.length <= 16;
}

function constantOf(node: ExpressionNode, index: number): string | number | undefined {
  const argument = argumentOf(node, index);
  if (argument?.class !== 'CONSTANT') return undefined;
  const { value } = argument.value as { readonly value?: unknown };
  // Two halves of 128 bits.
  if (typeof value === 'object' && value !== null) return Number.POSITIVE_INFINITY;
  if (
    typeof value === 'string' &&
    /^-?\d+$/.test(value) &&
    (argument.value as { type: { id: string } }).type.id !== 'VARCHAR'
  ) {
    return Number(value);
  }
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}
