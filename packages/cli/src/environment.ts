import type { Session, SessionOptions } from '@tessera/runtime';
import type { Colors } from './report/human.js';

/** What the commands need of the outside, so that tests can stand in for it. */
export interface Environment {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** Where progress is shown, if it is a terminal. */
  readonly terminal?: NodeJS.WriteStream;
  readonly colors: Colors;
  /** Adds stacks to errors. */
  readonly debug: boolean;
  openSession(path: string, options: SessionOptions): Promise<Session>;
}
