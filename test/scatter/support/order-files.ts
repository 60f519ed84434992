/** Rows of orders, with values that repeat, come late, or do not fit, spread over all of them. */
export interface Order {
  readonly order_id: number | null;
  readonly customer: string;
  readonly amount: string;
  readonly ordered_on: string;
  readonly status: string;
  readonly note: string | null;
}

const customers = ['Ada', 'Grace', '東京太郎', 'Zoë', "O'Neill", 'two\nlines', 'a "quote", and a comma'] as const;

/** Orders from 0; every 23rd repeats another one, every 31st has the id of another one, every 41st has none. */
export function orders(count: number): readonly Order[] {
  return Array.from({ length: count }, (_, i) => {
    const of = i % 23 === 22 ? i - 15 : i;
    return {
      order_id: of % 41 === 40 ? null : of % 31 === 30 ? of - 30 : of,
      customer: customers[of % customers.length] ?? '',
      amount: `${(of * 37) % 1_000}.${String(of % 100).padStart(2, '0')}`,
      ordered_on: `${String((of % 28) + 1).padStart(2, '0')}/${String((of % 12) + 1).padStart(2, '0')}/2025`,
      status: of % 3 === 0 ? 'active' : of % 3 === 1 ? 'closed' : '',
      note: of % 4 === 0 ? null : `note ${of % 50}`,
    };
  });
}

/** As CSV with a header. @param spoilt  every so many lines one has a field too many; none where it is 0 */
export function csvOfOrders(rows: readonly Order[], spoilt = 0): string {
  const names = ['order_id', 'customer', 'amount', 'ordered_on', 'status', 'note'] as const;
  const field = (value: number | string | null): string => {
    const text = value === null ? '' : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row, i) => {
    const line = names.map((name) => field(row[name])).join(',');
    return spoilt > 0 && i % spoilt === spoilt - 1 ? `${line},more` : line;
  });
  return `${[names.join(','), ...lines].join('\n')}\n`;
}

/** One JSON object a line. */
export function linesOfOrders(rows: readonly Order[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
