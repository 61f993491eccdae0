/** What became of a damaged file. 'wrong error': refused, but not by a TesseraError, which a caller cannot handle. */
export type Outcome = 'ran' | 'loaded' | 'refused' | 'wrong error' | 'device lost' | 'too much memory';

/** From the child: a case begins, or has ended. */
export type Message =
  | { readonly index: number; readonly begins: string }
  | { readonly index: number; readonly outcome: Outcome; readonly text: string };
