import { type Condition, parseCondition, type ResponseFacts } from '../../config/condition.ts';
import { type JsonPath, type PathStep, parseJsonPath } from '../../config/json-path.ts';
import type { ApiSettings } from '../../config/pipeline.ts';
import type { ApiResponse } from './api-client.ts';
import { parsed } from './json-value.ts';
import { setOwn } from './raw-json.ts';
import { headerText } from './retry-wait.ts';

/** What the configuration says of responses that are errors. */
export interface ResponseRules {
  /** All hold of a response that is no error; where there is one, nothing else is taken for an error. */
  readonly success: readonly Condition[];
  /** Any holds of a response that is an error. */
  readonly error: readonly Condition[];
  /** Any holds of a response that says "later". */
  readonly later: readonly Condition[];
  /** It holds of a response that lacks rows because there are too many; the slice is halved. */
  readonly cut: readonly Condition[];
  readonly message: JsonPath | undefined;
}

/** What of a response is judged: the parts of its body that the rules ask about, its status and headers. */
type Judged = Pick<ApiResponse, 'headers' | 'status'> & { readonly captures: ReadonlyMap<string, string> };

export function responseRules(
  settings: Pick<ApiSettings, 'success_when' | 'error_when' | 'retry_when' | 'error_message_path' | 'incremental'>,
): ResponseRules {
  const { error_message_path, error_when, incremental, retry_when, success_when } = settings;
  const conditions = (texts: string | readonly string[] | undefined): readonly Condition[] =>
    [texts ?? []].flat().map(parseCondition);
  return {
    success: conditions(success_when),
    error: conditions(error_when),
    later: conditions(retry_when),
    cut: conditions(incremental?.split_when?.condition),
    message: error_message_path === undefined ? undefined : parseJsonPath(error_message_path),
  };
}

/** What of a body has to be kept to judge it, by name. */
export function rulePaths({ cut, error, later, message, success }: ResponseRules): Readonly<Record<string, JsonPath>> {
  const paths = [...success, ...error, ...later, ...cut].flatMap((condition) => condition.paths);
  const named = Object.fromEntries(paths.map((path) => [nameOf(path), path]));
  return message === undefined ? named : { ...named, [messageName]: message };
}

const messageName = 'error message';

function nameOf({ text }: JsonPath): string {
  return `condition ${text}`;
}

/** How a response is an error by the rules: by what, and what it says; undefined where it is none. */
export function ruledError(
  rules: ResponseRules,
  judged: Judged,
): { readonly by: string; readonly json: string | undefined } | undefined {
  if (rules.success.length === 0 && rules.error.length === 0) return undefined;
  const facts = factsOf(judged);
  const { captures } = judged;
  const broken = rules.success.find((condition) => !condition.holds(bodyOf([condition], captures), facts));
  const condition = broken ?? metBy(rules.error, judged);
  if (condition === undefined) return undefined;
  const json = captures.get(messageName) ?? saidBy(condition, captures);
  return { by: `${broken === undefined ? 'error_when' : 'success_when'} ${condition.text}`, json };
}

/** What a response says that is to be asked for later, as JSON; undefined where the rules do not say so of it. */
export function saysLater(rules: ResponseRules, judged: Judged): string | undefined {
  const condition = metBy(rules.later, judged);
  return condition === undefined ? undefined : (saidBy(condition, judged.captures) ?? '');
}

/** Whether a response lacks rows because there are more than the API gives. */
export function isCut(rules: ResponseRules, judged: Judged): boolean {
  return metBy(rules.cut, judged) !== undefined;
}

function metBy(conditions: readonly Condition[], judged: Judged): Condition | undefined {
  if (conditions.length === 0) return undefined;
  const facts = factsOf(judged);
  return conditions.find((one) => one.holds(bodyOf([one], judged.captures), facts));
}

function saidBy({ paths }: Condition, captures: ReadonlyMap<string, string>): string | undefined {
  return paths.map((path) => captures.get(nameOf(path))).find(Boolean);
}

function factsOf({ headers, status }: Judged): ResponseFacts {
  return {
    status,
    headers: Object.fromEntries(Object.keys(headers).map((name) => [name, headerText(headers, name) ?? ''])),
  };
}

/** As much of a body as conditions ask about. */
function bodyOf(conditions: readonly Condition[], captures: ReadonlyMap<string, string>): unknown {
  const root: { value: unknown } = { value: {} };
  for (const path of conditions.flatMap(({ paths }) => paths)) {
    const json = captures.get(nameOf(path));
    if (json !== undefined) root.value = withValue(root.value, path.steps ?? [], parsed(json));
  }
  return root.value;
}

function withValue(into: unknown, [step, ...rest]: readonly PathStep[], value: unknown): unknown {
  if (step === undefined || step === 'any') return value;
  if ('index' in step) {
    const list: unknown[] = Array.isArray(into) ? into : [];
    list[step.index] = withValue(list[step.index], rest, value);
    return list;
  }
  const object = typeof into === 'object' && into !== null ? (into as Record<string, unknown>) : {};
  setOwn(object, step.name, withValue(Object.hasOwn(object, step.name) ? object[step.name] : undefined, rest, value));
  return object;
}
