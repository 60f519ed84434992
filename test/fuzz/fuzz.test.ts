import { describe } from 'vitest';
import { hostileInputs } from './properties.ts';

describe('hostile inputs', () => hostileInputs(40));
