import { cursorShapes } from './cursors.ts';
import { layoutShapes } from './layouts.ts';
import { numberShapes } from './numbers.ts';
import type { Shape } from './shape.ts';
import { urlShapes } from './urls.ts';

export const shapes: Readonly<Record<string, Shape>> = {
  ...urlShapes,
  ...cursorShapes,
  ...numberShapes,
  ...layoutShapes,
};
