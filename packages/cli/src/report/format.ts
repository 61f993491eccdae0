/** Milliseconds with three digits that count: `0.0123 ms`, `12.3 ms`, `4.56 s`. */
export function milliseconds(ms: number): string {
  return ms >= 1000 ? `${significant(ms / 1000)} s` : `${significant(ms)} ms`;
}

/** What was taken off the times of dispatches that were timed one by one, and why. */
export function passCostText({ passCostMs }: { readonly passCostMs: number }): string {
  return `a pass of its own costs ${significant(passCostMs * 1e3)} us on this device, taken off each dispatch`;
}

/** Bytes in the largest decimal unit that leaves at least 1: `26.5 kB`. */
export function byteSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const unit = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return unit === 0 ? `${bytes} B` : `${significant(bytes / 1000 ** unit)} ${units[unit]}`;
}

/** Three digits that count, whole numbers from 100 on: `0.0123`, `1.23`, `123`, `12345`. */
export function significant(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const digits = 2 - Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.min(20, Math.max(0, digits)));
}

/** A difference, two digits that count: `1.2e-7`. */
export function exponent(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}

/** A tensor's value: up to six digits that count, exponents for the very large and very small. */
export function plainNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : String(Number(value.toPrecision(6)));
}

/** Keeps both ends of a long text, `...` between them. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.ceil((width - 3) / 2);
  return `${text.slice(0, width - 3 - tail)}...${text.slice(text.length - tail)}`;
}

/** Text out of a model or a file, safe to print on a terminal: control characters become `?`. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
