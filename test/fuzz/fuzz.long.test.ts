import { describe } from 'vitest';
import { hostileInputs } from './properties.ts';

describe('hostile inputs, many of them', () => hostileInputs(2_000));
