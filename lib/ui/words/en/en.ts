import { act } from './act.ts';
import { data } from './data.ts';
import { overview } from './overview.ts';
import { pipeline } from './pipeline.ts';
import { rejected } from './rejected.ts';
import { run } from './run.ts';
import { shared } from './shell.ts';

/** The texts of the page in English. */
export const en = { ...shared, overview, pipeline, run, rejected, data, act };
