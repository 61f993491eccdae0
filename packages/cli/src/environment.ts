import type * as runtime from '@tessera/runtime';
import type { Interruption } from './interruption.js';
import type { ProcessOptions } from '@tessera/server';
import type { Colors } from './report/human.js';

/** What the commands use of the runtime. */
export type Runtime = Pick<
  typeof runtime,
  | 'acquireDevice'
  | 'createSession'
  | 'createSessionPool'
  | 'evaluateReference'
  | 'formatTuning'
  | 'inspectModel'
  | 'listAdapters'
  | 'measureCeilings'
>;

/** What the commands need of the outside, so that tests can stand in for it. */
export interface Environment {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** Where progress is shown: as a bar if it is a terminal, else as lines now and then. */
  readonly progress?: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly colors: Colors;
  /** Adds stacks to errors. */
  readonly debug: boolean;
  readonly interruption: Interruption;
  /** Loads the runtime, which takes a while, when it is needed. */
  loadRuntime(): Promise<Runtime>;
  /** Serves until it is told to end; the exit status. */
  serve(options: ProcessOptions): Promise<number>;
}
