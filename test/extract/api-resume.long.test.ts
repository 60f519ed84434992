import { expect, it } from 'vitest';
import { crashAtEachPage } from './resume.ts';

it.each(['before a page', 'in the middle of a page'] as const)(
  'an extraction that is killed %s goes on, and every row is there once, for each of 60 pages',
  async (moment) => {
    await crashAtEachPage(60, moment);
    expect.hasAssertions();
  },
);
