import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseObjects, judgeObjects, maxTries } from '../../lib/run/object-choice.ts';
import type { WaitingObject } from '../../lib/state/landed-object.ts';

const limits = { maxObjects: 100, maxBytes: 1_000 };

function waiting(count: number): WaitingObject[] {
  return Array.from({ length: count }, (_, index) => ({
    objectId: String(index),
    bucket: 'b',
    key: `k/${String(index).padStart(4, '0')}.csv`,
    etag: null,
    bytes: 1,
    together: null,
    tries: 0,
    failures: 0,
  }));
}

describe('the objects of one run', () => {
  it('are the first that wait, within the limits, and one at least', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ bytes: fc.nat(2_000), together: fc.option(fc.integer({ min: 1, max: 50 })) })),
        (objects) => {
          const chosen = chooseObjects(objects, limits);
          expect(chosen).toEqual(objects.slice(0, chosen.length));
          expect(chosen.length).toBeGreaterThanOrEqual(Math.min(1, objects.length));
          if (chosen.length < 2) return;
          expect(chosen.length).toBeLessThanOrEqual(Math.min(100, ...chosen.map((one) => one.together ?? 100)));
          expect(chosen.reduce((sum, one) => sum + one.bytes, 0)).toBeLessThanOrEqual(limits.maxBytes);
        },
      ),
    );
  });
});

/** Runs over the objects until none waits, with rules of what fails; gives what was loaded and set aside, and the runs. */
function play(count: number, poisoned: ReadonlySet<string>, names: boolean) {
  let queue = waiting(count);
  const loaded: string[] = [];
  const aside: string[] = [];
  const runs: number[] = [];
  while (queue.length > 0) {
    if (runs.length > 10_000) throw new Error('it does not end');
    const taken = chooseObjects(queue, limits);
    runs.push(taken.length);
    const bad = taken.find((one) => poisoned.has(one.objectId));
    if (bad === undefined) {
      loaded.push(...taken.map((one) => one.objectId));
      queue = queue.slice(taken.length);
      continue;
    }
    const message = names ? `The file s3://b/${bad.key} is not valid JSON.` : 'Too many rows were rejected.';
    const verdict = judgeObjects(taken, { perhapsTheirs: true, stopped: false, message });
    const changed = (one: WaitingObject): WaitingObject => {
      if (verdict.kind === 'apart') {
        const together = verdict.alone.includes(one.objectId) ? 1 : (verdict.together ?? one.together);
        return { ...one, together };
      }
      return { ...one, tries: (one.tries ?? 0) + 1, together: 1 };
    };
    if (verdict.kind === 'blamed' && verdict.setAside) {
      aside.push(verdict.object.objectId);
      queue = queue.slice(1);
    } else queue = [...queue.slice(0, taken.length).map(changed), ...queue.slice(taken.length)];
  }
  return { loaded, aside, runs };
}

describe('after runs that fail because of objects', () => {
  it('the objects to blame are set aside, and all others are loaded once, in order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.uniqueArray(fc.nat(299), { maxLength: 5 }),
        fc.boolean(),
        (count, bad, names) => {
          const poisoned = new Set(bad.filter((index) => index < count).map(String));
          const { aside, loaded } = play(count, poisoned, names);
          const all = waiting(count).map((one) => one.objectId);
          expect(aside).toEqual(all.filter((id) => poisoned.has(id)));
          expect(loaded).toEqual(all.filter((id) => !poisoned.has(id)));
        },
      ),
    );
  });

  it('one among 500 is found in few runs: fewer where the error names it', () => {
    expect(play(500, new Set(['321']), true).runs.length).toBeLessThanOrEqual(5 + 1 + 1 + maxTries);
    expect(play(500, new Set(['321']), false).runs.length).toBeLessThanOrEqual(5 + 2 * 8 + maxTries);
  });
});

describe('after a run that failed for another reason', () => {
  it('the same objects come again, after longer and longer, and longer still where someone stopped the run', () => {
    const after = (failures: number, stopped = false) =>
      judgeObjects([{ ...(waiting(1)[0] as WaitingObject), failures }], { perhapsTheirs: false, stopped, message: '' });
    expect(after(0)).toEqual({ kind: 'again', delayMinutes: 2 });
    expect(after(3)).toEqual({ kind: 'again', delayMinutes: 16 });
    expect(after(50)).toEqual({ kind: 'again', delayMinutes: 60 });
    expect(after(0, true)).toEqual({ kind: 'again', delayMinutes: 15 });
  });
});
