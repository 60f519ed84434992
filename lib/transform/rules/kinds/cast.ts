import type { CastRule } from '../../../config/business-rule.ts';
import { columnType, isText } from '../../infer/column-type.ts';
import { type FitContext, fit, misfit } from '../../infer/fit.ts';
import { ownText } from '../../infer/own-type.ts';
import { isGiven } from '../../infer/text-form.ts';
import { requiredColumn } from '../column-scope.ts';
import type { RuleKind } from '../rule-kind.ts';

/** Gives a column another type; a value fits it if it would fit a column that is declared so. */
export const castKind: RuleKind<CastRule> = {
  text: ({ column, to }) => `${column} to ${to}`,
  makes: ({ column }) => [{ name: column, isNew: false }],
  compile: async (rule, { columns, numbers }) => {
    const column = requiredColumn(columns, rule.column);
    const type = columnType(rule.to);
    // Texts are written in the way of the source, numbers in the way of SQL.
    const context: FitContext = {
      numbers: column.duckType === 'VARCHAR' ? numbers : { decimal: '.' },
      dateFormat: rule.date_format,
    };
    const text = ownText(column.id, column.duckType);
    const value = fit(text, type, context);
    const given = isText(type) ? `${column.id} IS NOT NULL` : isGiven(text);
    const problem =
      // In YAML null is no text.
      rule.on_failure === 'null' || rule.on_failure === null
        ? undefined
        : {
            condition: `coalesce(${given}, false) AND (${value}) IS NULL`,
            reason: misfit(type, context),
            onFailure: rule.on_failure,
          };
    const { name, sourceName } = column;
    return { kind: 'columns', columns: [{ value, name, sourceName, type: rule.to }], problem };
  },
};
