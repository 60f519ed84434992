import type { Config } from '../config/config.ts';
import { batchMap } from './machine-batch-map.ts';
import { type State, stageTask } from './machine-task.ts';

/** The maps of a source that is cleaned in pieces: what a call does with its items. */
const maps = {
  survey: 'Reads pieces of the source for the types of their values',
  clean: 'Cleans pieces of the source, their rows dealt into buckets',
  gather: 'Finds repeats within buckets, and writes their rows into chunks',
} as const;

type ScatterMap = keyof typeof maps;

/** The state with which cleaning in pieces begins. */
export const scatterStart = 'Split';

/**
 * The states that clean a source in pieces: split → survey (map over slices) → plan → survey and plan again for slices that
 * were read from a wrong byte → clean (map over slices) → gather (map over buckets) → join.
 */
export function scatterStates(config: Config, next: string): Readonly<Record<string, State>> {
  const seconds = config.deploy.scatter.timeout_seconds;
  return {
    [scatterStart]: stageTask('transform', 'Split?', {
      fn: 'scatter',
      comment: 'Cuts a large source into slices, and keeps what all its functions have to agree on',
      payload: { action: 'split' },
      seconds,
      assign: { job: '{% $states.result.Payload.job %}', work: '{% $states.result.Payload %}' },
    }),
    'Split?': {
      Type: 'Choice',
      Comment: 'An earlier attempt of the run may have cleaned its source',
      Choices: [{ Condition: '{% $work.complete %}', Next: next }],
      Default: 'Survey',
    },
    Survey: mapOver(config, 'survey', 'Plan'),
    Plan: stageTask('transform', 'Planned?', {
      fn: 'scatter',
      comment:
        'Decides types, rules and places of rows for all pieces, or which slices are to be read from another byte',
      payload: { action: 'plan', job: '{% $job %}' },
      seconds,
      assign: { work: '{% $states.result.Payload %}' },
    }),
    'Planned?': {
      Type: 'Choice',
      Choices: [{ Condition: '{% $work.survey = null %}', Next: 'Clean' }],
      Default: 'Survey',
    },
    Clean: mapOver(config, 'clean', 'Gather'),
    Gather: mapOver(config, 'gather', 'Join'),
    Join: stageTask('transform', next, {
      fn: 'scatter',
      comment: 'Puts the counts of all pieces together, and checks that they add up',
      payload: { action: 'join', job: '{% $job %}' },
      seconds,
    }),
  };
}

function mapOver(config: Config, action: ScatterMap, next: string): State {
  return batchMap(config, {
    action,
    task: `${action[0]?.toUpperCase()}${action.slice(1)} pieces`,
    comment: maps[action],
    fn: 'scatter',
    stage: 'transform',
    given: ['execution', 'input', 'run', 'job'],
    next,
  });
}
