import { RuleFailedError, SourceDriftError } from '../errors.ts';
import type { RowPlace } from '../read/raw-rows.ts';
import { refuse, type TransformRequest } from '../request.ts';
import type { RejectReason } from './reject-reasons.ts';

/** How many rows are in a state. */
type InState = (state: number) => number;

/** @throws {SourceDriftError} where the configuration allows no value that does not fit */
export function failOnMisfits(request: TransformRequest, reasons: readonly RejectReason[], inState: InState): void {
  const { settings } = request;
  if (settings.on_type_mismatch !== 'fail') return;
  const found = reasons.find(({ code, misfit }) => misfit && inState(code) > 0);
  if (found === undefined) return;
  const rows = inState(found.code);
  const drift = `in ${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'} ${found.column} ${found.reason}.`;
  refuse(request, new SourceDriftError({ pipeline: settings.name, setting: 'on_type_mismatch', drift }));
}

/** @throws {RuleFailedError} where a row has what a rule with `on_failure: fail` does not allow */
export async function failOnRules(
  request: TransformRequest,
  reasons: readonly RejectReason[],
  inState: InState,
  firstOf: (state: number) => Promise<RowPlace>,
): Promise<void> {
  const found = reasons.find(({ code, fails }) => fails && inState(code) > 0);
  if (found === undefined) return;
  const place = await firstOf(found.code);
  const failed = { ...found, ...place, pipeline: request.settings.name, rows: inState(found.code) };
  refuse(request, new RuleFailedError(failed));
}
