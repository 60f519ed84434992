import { describe, expect, it } from 'vitest';
import { dateFormatProblem } from '../../lib/config/date-format.ts';
import { commas, runTransform, typesOf, withoutService } from './support/stage.ts';

const asIs = { blank_text: 'keep' } as const;

async function read(content: string | readonly string[], dialect: object = {}) {
  const inputs = [content]
    .flat()
    .map((text) => ({ format: 'csv', content: text, csv: { ...commas, ...dialect } }) as const);
  const { manifest, rejected, rows } = await runTransform(inputs, asIs);
  return { rows: withoutService(rows), rejected, types: typesOf(manifest) };
}

describe('headers of several files', () => {
  it.each([
    ['id,Name\n1,a\n', 'ID,name\n2,b\n'],
    ['id,Name\n1,a\n', ' id , Name\n2,b\n'],
    ['id,full name\n1,a\n', 'full_name,id\nb,2\n'],
  ])('that differ in case, blanks or signs alone are of the same columns: %j and %j', async (one, other) => {
    const { rows } = await read([one, other]);
    expect(rows.map((row) => Object.values(row).map(String).toSorted())).toEqual([
      ['1', 'a'],
      ['2', 'b'],
    ]);
  });

  it('stay apart where one file has both names', async () => {
    const { rows } = await read(['a\n1\n', 'A,a\n2,3\n']);
    expect(rows).toEqual([
      { a: '1', a_2: null },
      { a: '3', a_2: '2' },
    ]);
  });
});

describe('lines', () => {
  it('that are blank are rows without a value in a file of one column, and no rows elsewhere', async () => {
    expect((await read('a\n1\n\n3\n')).rows).toEqual([{ a: '1' }, { a: null }, { a: '3' }]);
    expect((await read('a\r\n\r\n3\r\n\r\n')).rows).toEqual([{ a: null }, { a: '3' }, { a: null }]);
    expect((await read('a,b\n1,2\n\n3,4\n')).rows).toHaveLength(2);
  });

  it.each(['\r\r\n', '\r\r\r\n'])('that end in %j are lines like others', async (end) => {
    const content = ['a,b', '1,x', '2,"y\nz"', '3,w', ''].join(end);
    expect(await read(content)).toMatchObject({
      rejected: [],
      rows: [
        { a: '1', b: 'x' },
        { a: '2', b: 'y\nz' },
        { a: '3', b: 'w' },
      ],
    });
  });
});

describe('blanks at the start of a field', () => {
  const content = '"Month", "1958",  "19""59"\n"JAN",  340, "3,60" \n"FEB", 318,\t"x"\n';

  it('are passed over where the dialect says so', async () => {
    const { rejected, rows } = await read(content, { skip_initial_space: true });
    expect(rejected).toEqual([]);
    expect(rows).toEqual([
      { month: 'JAN', _1958: '340', _19_59: '3,60' },
      { month: 'FEB', _1958: '318', _19_59: 'x' },
    ]);
  });

  it('before a quote are an error that names the setting, where it does not', async () => {
    await expect(read(content)).rejects.toThrow(/skip_initial_space/);
    const { rejected, rows } = await read('a,b\n1, x\n2, "y"\n');
    expect(rows).toEqual([{ a: '1', b: ' x' }]);
    expect(rejected[0]?.reason).toMatch(/skip_initial_space/);
  });
});

describe('a format of dates', () => {
  it.each([
    '%d/%m/%Y',
    '%Y%m%d',
    '%-d.%-m.%y %H:%M',
    '%Y-%j',
    '%b %d, %Y',
    '%c',
    '%Y-%m-%dT%H:%M:%S.%f%z',
    '%G-W%V-%u',
  ])('is taken: %s', (format) => {
    expect(dateFormatProblem(format)).toBeUndefined();
  });

  it.each(['DD/MM/YYYY', '%d/%m/%Q', '%s', '%d/%m', '%Y', '', '%', '%H:%M', 'yyyy-MM-dd'])(
    'is refused: %s',
    (format) => {
      expect(dateFormatProblem(format)).toBeTypeOf('string');
    },
  );
});
