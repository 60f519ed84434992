import { test } from 'vitest';
import { compareLarge, variants } from './support/late-rows.ts';

test.each(variants)('a large file behind whose first rows comes $what is cleaned as a small one', compareLarge);
