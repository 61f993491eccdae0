import { TesseraError } from '@tessera/runtime/browser';

/** An error as it crosses from the worker to the page: only name, message and stack do, so the name holds the code. */
function carried(error: unknown): Error {
  const plain = new Error(error instanceof Error ? error.message : String(error));
  plain.name = error instanceof TesseraError ? error.code : error instanceof Error ? error.name : 'Error';
  return plain;
}

/** The same object, whose methods reject with errors that keep their code over the way to the page. */
export function withCodes<T extends object>(target: T): T {
  return new Proxy(target, {
    get(object, key) {
      const member: unknown = Reflect.get(object, key);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        try {
          return await (Reflect.apply(member, object, args) as unknown);
        } catch (error) {
          throw carried(error);
        }
      };
    },
  });
}

/** The code of an error that came from the worker, or its name. */
export function errorCode(error: unknown): string {
  return error instanceof Error ? error.name : 'Error';
}
