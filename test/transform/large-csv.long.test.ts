import { test } from 'vitest';
import { endings, losesNothing } from './support/large-file.ts';
import { compareLarge, variants } from './support/late-rows.ts';

test.each(variants)('a large file behind whose first rows comes $what is cleaned as a small one', compareLarge);

test.each(endings)('a large file that ends in $what loses nothing', losesNothing);
