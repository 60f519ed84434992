import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { addToPipeline } from '../../lib/config/edit-config.ts';

const addition = {
  columns: { id: 'bigint', 'Order No.': 'text', on: 'boolean' },
  settings: { on_new_column: 'fail', on_missing_column: 'warn' },
};

const block = `# who owns this file
pipelines:
  # the orders
  orders:
    source_type: file   # a drop folder
    file_path: "orders.csv"
    key_columns: [ id ]   # one order

    target_table: orders  # in public


  other: {source_type: file,   file_path: o.csv, target_table: o}
`;

describe('addToPipeline', () => {
  it('adds behind the last setting of a pipeline and leaves every other line alone', () => {
    const text = addToPipeline(block, 'orders', addition);
    const added = `    columns:
      id: bigint
      Order No.: text
      on: boolean
    on_new_column: fail
    on_missing_column: warn
`;
    expect(text.replace(added, '')).toBe(block);
    expect(text).toContain(`target_table: orders  # in public\n${added}`);
  });

  it('adds to columns that are there, and gives a type to those that have none', () => {
    const text = block.replace(
      '    target_table',
      '    columns:\n      # money\n      amount: numeric(12,2) # as invoiced\n      id: { required: true }\n    target_table',
    );
    const edited = addToPipeline(text, 'orders', { ...addition, columns: { ...addition.columns, amount: 'text' } });
    expect(edited).toContain('      # money\n      amount: numeric(12,2) # as invoiced\n');
    expect(parse(edited).pipelines.orders.columns).toEqual({
      amount: 'numeric(12,2)',
      id: { required: true, type: 'bigint' },
      'Order No.': 'text',
      on: 'boolean',
    });
    expect(edited).toContain('key_columns: [ id ]   # one order');
  });

  it('edits a pipeline in one line', () => {
    const edited = addToPipeline(block, 'other', addition);
    expect(parse(edited).pipelines.other).toMatchObject({
      target_table: 'o',
      ...addition.settings,
      columns: addition.columns,
    });
    expect(edited.split('\n').slice(0, -2)).toEqual(block.split('\n').slice(0, -2));
  });

  it('edits JSON with its indent', () => {
    const json = JSON.stringify({ pipelines: { orders: { source_type: 'file', columns: { a: 'text' } } } }, null, 4);
    const edited = addToPipeline(json, 'orders', addition);
    expect(JSON.parse(edited)).toEqual({
      pipelines: {
        orders: { source_type: 'file', columns: { a: 'text', ...addition.columns }, ...addition.settings },
      },
    });
    expect(edited).toContain('\n    "pipelines"');
  });

  it('leaves comments where they stand, and every one once', () => {
    const text = `pipelines:
  orders:
    columns: # as agreed
      # money
      b: { drop: true } # no tests
      c:
        # a new name
        rename: z # short
        # the last of c
      # the last of columns

    # in public
    target_table: orders
  flow: { columns: { b: { drop: true } } } # one line
  lines:
    columns: {
      b: text, # first
      c: text # second
      # none besides
    } # agreed
    target_table: lines
  none:
    columns: {} # not yet`;
    const types = { columns: { b: 'text', c: 'numeric(12,2)', id: 'bigint' }, settings: { on_new_column: 'add' } };
    const edited = ['orders', 'flow', 'lines', 'none'].reduce((one, name) => addToPipeline(one, name, types), text);
    expect(edited).toBe(`pipelines:
  orders:
    columns: # as agreed
      # money
      b: { drop: true, type: text } # no tests
      c:
        # a new name
        rename: z # short
        type: numeric(12,2)
        # the last of c
      id: bigint
      # the last of columns

    # in public
    target_table: orders
    on_new_column: add
  flow: { columns: { b: { drop: true, type: text }, c: "numeric(12,2)", id: bigint }, on_new_column: add } # one line
  lines:
    columns: {
      b: text, # first
      c: text, id: bigint # second
      # none besides
    } # agreed
    target_table: lines
    on_new_column: add
  none:
    columns: { b: text, c: "numeric(12,2)", id: bigint } # not yet
    on_new_column: add
`);
    expect(addToPipeline(edited, 'lines', types)).toBe(edited);
  });

  it('writes a column into JSON whatever its name', () => {
    const columns = { constructor: 'text', toString: 'bigint' };
    const edited = addToPipeline('{"pipelines":{"orders":{}}}', 'orders', { columns, settings: {} });
    expect(JSON.parse(edited)).toEqual({ pipelines: { orders: { columns } } });
  });

  it('refuses a pipeline that is an alias, or would have to be written anew and has one', () => {
    const text = 'base: &base { source_type: file }\npipelines:\n  orders: *base\n';
    expect(() => addToPipeline(text, 'orders', addition)).toThrow(/cannot be edited/);
    const within = 'keys: &keys [id]\npipelines:\n  orders: { key_columns: *keys }\n';
    expect(() => addToPipeline(within, 'orders', addition)).toThrow(/cannot be edited/);
    const shared = 'types: &types { id: bigint }\npipelines:\n  orders:\n    columns: *types\n';
    expect(() => addToPipeline(shared, 'orders', addition)).toThrow(/cannot be edited/);
  });

  it('adds what was asked for and changes nothing else, whatever the rest of the file says', () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }));
    const settings = fc.dictionary(fc.string({ minLength: 1 }), value, { maxKeys: 4 });
    const type = fc.constantFrom('text', 'bigint', 'numeric(12,2)');
    const columns = fc.dictionary(fc.string({ minLength: 1 }), type, { maxKeys: 4 });
    fc.assert(
      fc.property(
        settings,
        columns,
        columns,
        fc.constantFrom(1, 2, 4),
        fc.boolean(),
        (own, had, added, indent, flow) => {
          const { columns: _, ...rest } = own;
          const plain = { source_type: 'file', ...rest, ...(Object.keys(had).length === 0 ? {} : { columns: had }) };
          const text = stringify(
            { before: own, pipelines: { 'a b': plain, last: own }, after: [own] },
            { indent, aliasDuplicateObjects: false, ...(flow ? { collectionStyle: 'flow' as const } : {}) },
          );
          const edited = parse(addToPipeline(text, 'a b', { columns: added, settings: { on_new_column: 'fail' } }));
          const expected = parse(text);
          const contract = { ...added, ...had };
          Object.assign(expected.pipelines['a b'], { on_new_column: own.on_new_column ?? 'fail' });
          if (Object.keys(contract).length > 0) expected.pipelines['a b'].columns = contract;
          expect(edited).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });
});
