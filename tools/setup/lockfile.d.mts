export function findMismatch(root: string): string | undefined;
