/**
 * The grammar of JSON numbers and literals (RFC 8259 §3 and §6) as a table: `next[state * 128 + byte]` is the state
 * after the byte, 0 where no scalar goes on like that.
 */
export interface ScalarGrammar {
  readonly next: Uint8Array;
  /** 1 for the states in which a scalar may end. */
  readonly final: Uint8Array;
  readonly start: number;
}

function build(): ScalarGrammar {
  const next = new Uint8Array(32 * 128);
  const final = new Uint8Array(32);
  const start = 1;
  const [minus, zero, digits, point, fraction, exponent, sign, power] = [2, 3, 4, 5, 6, 7, 8, 9] as const;
  const on = (from: number, characters: string, to: number): void => {
    for (const character of characters) next[from * 128 + character.charCodeAt(0)] = to;
  };
  on(start, '-', minus);
  for (const from of [start, minus]) {
    on(from, '0', zero);
    on(from, '123456789', digits);
  }
  on(digits, '0123456789', digits);
  for (const from of [zero, digits]) on(from, '.', point);
  for (const from of [point, fraction]) on(from, '0123456789', fraction);
  for (const from of [zero, digits, fraction]) on(from, 'eE', exponent);
  on(exponent, '+-', sign);
  for (const from of [exponent, sign, power]) on(from, '0123456789', power);
  for (const state of [zero, digits, fraction, power]) final[state] = 1;

  let state = 10;
  for (const literal of ['true', 'false', 'null']) {
    let from: number = start;
    for (const character of literal) {
      on(from, character, state);
      from = state;
      state += 1;
    }
    final[from] = 1;
  }
  return { next, final, start };
}

export const scalarGrammar: ScalarGrammar = build();
