import type { ExtractRange } from '../extract/request.ts';

/** What may start a run. */
export const triggers = ['cli', 'schedule', 's3', 'console'] as const;
type Trigger = (typeof triggers)[number];

/** What a run is asked to do besides. */
export interface RunDemand {
  readonly trigger: Trigger;
  /** Load a source again that was loaded already, and start an interrupted run over. */
  readonly again: boolean;
  /** Delete what the pipeline has loaded and forget how far it was, before the source is read from its beginning. */
  readonly fullRefresh?: boolean | undefined;
  /** Names what started the run, where the same event may come twice: a run of the same event is not begun again. */
  readonly eventId?: string | undefined;
  /** Let `replace` take away more of the table than `max_shrink` allows. */
  readonly force?: boolean | undefined;
  /** Wait for a run of the same pipeline that is under way, instead of skipping. */
  readonly wait?: boolean | undefined;
  /** A slice of an incremental source; it leaves the watermark alone. */
  readonly range?: ExtractRange | undefined;
  /** The source is rejected rows of another run, by their ids; each is noted with this run before it is loaded. */
  readonly replay?: { readonly ofRun: string; readonly ids: readonly string[] } | undefined;
}
