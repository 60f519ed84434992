/** The parse tree as libpg-query gives it: PostgreSQL's own nodes as JSON, `{ "SelectStmt": { … } }`. */
export type Tree = string | number | boolean | null | readonly Tree[] | { readonly [field: string]: Tree };

/** What stands at a path of fields and list positions; undefined where the path ends. */
export function at(tree: Tree | undefined, ...path: readonly (string | number)[]): Tree | undefined {
  let found = tree;
  for (const step of path) {
    if (typeof step === 'number') found = Array.isArray(found) ? found[step] : undefined;
    else found = isObject(found) ? found[step] : undefined;
  }
  return found;
}

/** The text at a path, or an empty one. */
export function textAt(tree: Tree | undefined, ...path: readonly (string | number)[]): string {
  const found = at(tree, ...path);
  return typeof found === 'string' ? found : '';
}

/** The number at a path, or 0, which libpg-query leaves out. */
export function numberAt(tree: Tree | undefined, ...path: readonly (string | number)[]): number {
  const found = at(tree, ...path);
  return typeof found === 'number' ? found : 0;
}

/** The list at a path, or an empty one. */
export function listAt(tree: Tree | undefined, ...path: readonly (string | number)[]): readonly Tree[] {
  const found = at(tree, ...path);
  return Array.isArray(found) ? found : [];
}

export function isObject(tree: Tree | undefined): tree is { readonly [field: string]: Tree } {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}

/** Type and fields of a wrapped node `{ "Type": { … } }`. */
export function unwrap(tree: Tree | undefined): readonly [string, Tree] {
  if (!isObject(tree)) return ['', null];
  const [entry] = Object.entries(tree);
  return entry ?? ['', null];
}

/** Fields that hold a node without its type's name around it. */
const bareFields: Readonly<Record<string, string>> = {
  relation: 'RangeVar',
  rel: 'RangeVar',
  view: 'RangeVar',
  pktable: 'RangeVar',
  sequence: 'RangeVar',
  typeName: 'TypeName',
  returnType: 'TypeName',
  larg: 'SelectStmt',
  rarg: 'SelectStmt',
  withClause: 'WithClause',
  onConflictClause: 'OnConflictClause',
  funccall: 'FuncCall',
};

/** Calls `see` with every node of a tree, parents first. */
export function visit(tree: Tree, see: (type: string, body: Tree) => void): void {
  if (Array.isArray(tree)) {
    for (const item of tree) visit(item, see);
    return;
  }
  if (!isObject(tree)) return;
  for (const [field, value] of Object.entries(tree)) {
    const type = /^[A-Z]/.test(field) ? field : bareFields[field];
    if (type !== undefined && isObject(value) && !(type in value)) see(type, value);
    visit(value, see);
  }
}

/** The last part of a list of String nodes, such as a type's or a function's name. */
export function lastName(names: readonly Tree[]): string {
  return textAt(names.at(-1), 'String', 'sval');
}

/** The parts of a list of String nodes. */
export function nameParts(names: readonly Tree[]): readonly string[] {
  return names.map((name) => textAt(name, 'String', 'sval'));
}
