import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Invocation } from '../../functions/runtime/invocation.ts';
import { abortBefore, uploadDeadlineOf } from '../../functions/runtime/service.ts';

const invocation = (timeoutMs: number): Invocation => {
  const end = Date.now() + timeoutMs;
  return { getRemainingTimeInMillis: () => end - Date.now() };
};

describe('the deadline of a stage that has something to upload when it stops', () => {
  it('leaves time for the work in hand and the upload before the abort, and for the abort before the timeout', () => {
    // Timeouts as the schema has them; as many bytes as /tmp holds.
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 900 }), fc.integer({ min: 0, max: 10_240 }), (seconds, megabytes) => {
        const began = Date.now();
        const deadline = uploadDeadlineOf(invocation(seconds * 1000))(megabytes * 1024 ** 2).getTime() - began;
        const upload = (megabytes * 1024 ** 2) / 25_000;
        const inHand = Math.min(30_000, seconds * 100);
        const abort = seconds * 1000 - Math.min(15_000, seconds * 100);
        expect(Math.abs(deadline + upload + inHand - abort)).toBeLessThan(100);
        expect(abort).toBeLessThan(seconds * 1000);
      }),
    );
  });

  it('is that of the invocation, however late it is asked for', async () => {
    const deadlineFor = uploadDeadlineOf(invocation(10_000));
    const at = deadlineFor(0).getTime();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(deadlineFor(0).getTime()).toBe(at);
    expect(deadlineFor(25_000_000).getTime()).toBe(at - 1_000);
  });

  it('comes before the abort, which comes before Lambda ends the function, with the reason', async () => {
    const one = invocation(1_000);
    const deadline = uploadDeadlineOf(one)(0).getTime();
    const signal = abortBefore(one, new Error('too slow'));
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    expect(Date.now()).toBeGreaterThan(deadline);
    expect(one.getRemainingTimeInMillis()).toBeGreaterThan(0);
    expect(signal.reason).toMatchObject({ message: 'too slow' });
  });
});
