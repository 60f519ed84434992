import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameError, FrameReader } from '../../../lib/local/wire/frame-reader.ts';
import { message } from '../../../lib/local/wire/message.ts';

test('messages come out as they went in, wherever the stream was cut', () => {
  const frame = fc
    .tuple(fc.constantFrom('Q', 'B', 'd', 'P'), fc.nat(200_000))
    .map(([type, size]) => message(type, Buffer.alloc(size, type)));
  fc.assert(
    fc.property(
      fc.array(frame, { minLength: 1, maxLength: 5 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 40_000 })),
      (frames, cuts) => {
        const reader = new FrameReader(1024 * 1024);
        const stream = Buffer.concat(frames);
        const out: Buffer[] = [];
        for (let at = 0; at < stream.length; ) {
          const end = Math.min(stream.length, at + (cuts.next().value ?? 1));
          reader.push(stream.subarray(at, end));
          at = end;
          for (let taken = reader.take(); taken !== undefined; taken = reader.take())
            out.push(Buffer.concat([taken, ...reader.rest]));
        }
        expect(out.length).toBe(frames.length);
        expect(out.every((bytes, index) => bytes.equals(frames[index] ?? Buffer.alloc(0)))).toBe(true);
        expect(reader.buffered).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});

test('a length below its own four bytes or above the limit is refused', () => {
  for (const length of [3, 0, -1, 1_025]) {
    const reader = new FrameReader(1_024);
    const head = Buffer.alloc(5, 'Q');
    head.writeInt32BE(length, 1);
    reader.push(head);
    expect(() => reader.take()).toThrow(FrameError);
  }
});
