import type { Tree } from '../sql/tree.ts';
import type { LocalLimits } from './limits.ts';

/**
 * One thing DSQL refuses. A rule is looked up by the type of a node anywhere in the statement's tree.
 * `refuse` returns the message, or undefined when this node is fine.
 */
export interface Rule {
  /** Node type of PostgreSQL's parse tree. */
  readonly node: string;
  readonly refuse: (body: Tree, context: RuleContext) => string | undefined;
  /** 0A000 unless given. */
  readonly sqlstate?: string;
  /** Where the message is known from: `recorded` (a live cluster's response), `documented`, or `inferred` from its siblings. */
  readonly source: 'recorded' | 'documented' | 'inferred';
}

/** What a rule may know besides the node. */
export interface RuleContext {
  /** The statement carried DSQL's word ASYNC. */
  readonly async: boolean;
  /** The statement's text, for what the tree does not keep. */
  readonly sql: string;
  readonly limits: LocalLimits;
}

/** A statement refused whatever it says. */
export function always(node: string, message: string, source: Rule['source']): Rule {
  return { node, refuse: () => message, source };
}

/** Refused when a condition holds. */
export function when(
  node: string,
  condition: (body: Tree, context: RuleContext) => boolean,
  message: string,
  source: Rule['source'],
): Rule {
  return { node, refuse: (body, context) => (condition(body, context) ? message : undefined), source };
}
