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
  readonly message: JsonPath | undefined;
}

export function responseRules(
  settings: Pick<ApiSettings, 'success_when' | 'error_when' | 'error_message_path'>,
): ResponseRules {
  const { error_message_path, error_when, success_when } = settings;
  const conditions = (texts: string | readonly string[] | undefined): readonly Condition[] =>
    [texts ?? []].flat().map(parseCondition);
  return {
    success: conditions(success_when),
    error: conditions(error_when),
    message: error_message_path === undefined ? undefined : parseJsonPath(error_message_path),
  };
}

/** What of a body has to be kept to judge it, by name. */
export function rulePaths({ error, message, success }: ResponseRules): Readonly<Record<string, JsonPath>> {
  const paths = [...success, ...error].flatMap((condition) => condition.paths);
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
  captures: ReadonlyMap<string, string>,
  { headers, status }: Pick<ApiResponse, 'headers' | 'status'>,
): { readonly by: string; readonly json: string | undefined } | undefined {
  if (rules.success.length === 0 && rules.error.length === 0) return undefined;
  const facts: ResponseFacts = {
    status,
    headers: Object.fromEntries(Object.keys(headers).map((name) => [name, headerText(headers, name) ?? ''])),
  };
  const broken = rules.success.find((condition) => !condition.holds(bodyOf([condition], captures), facts));
  const met = broken === undefined ? rules.error.find((one) => one.holds(bodyOf([one], captures), facts)) : undefined;
  const condition = broken ?? met;
  if (condition === undefined) return undefined;
  const json = captures.get(messageName) ?? condition.paths.map((path) => captures.get(nameOf(path))).find(Boolean);
  return { by: `${broken === undefined ? 'error_when' : 'success_when'} ${condition.text}`, json };
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
