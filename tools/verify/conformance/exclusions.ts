/**
 * Reason to patterns of case names; `*` stands for any text. A pattern without a slash fits the name in every folder; one
 * that begins with `!` takes cases out of its reason again.
 */
export type Exclusions = Readonly<Record<string, readonly string[]>>;

export interface ExclusionList {
  /** The reason for which a case (such as 'node/test_abs') is excluded: the first whose patterns fit. */
  reasonFor(name: string): string | undefined;
  /** Patterns that fit none of the cases, or only cases an earlier pattern or reason has: they exclude nothing. */
  idle(names: readonly string[]): string[];
}

function matcher(pattern: string): RegExp {
  const text = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${pattern.includes('/') ? '' : '[^/]*/'}${text.join('.*')}$`);
}

export function exclusionList(exclusions: Exclusions): ExclusionList {
  const rules = Object.entries(exclusions).flatMap(([reason, patterns]) => {
    const spared = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => matcher(pattern.slice(1)));
    return patterns
      .filter((pattern) => !pattern.startsWith('!'))
      .map((pattern) => ({ reason, pattern, expression: matcher(pattern), spared }));
  });
  const ruleFor = (name: string) =>
    rules.find(({ expression, spared }) => expression.test(name) && !spared.some((other) => other.test(name)));
  return {
    reasonFor: (name) => ruleFor(name)?.reason,
    idle: (names) => {
      const used = new Set(names.map(ruleFor));
      return rules.filter((rule) => !used.has(rule)).map(({ pattern }) => pattern);
    },
  };
}
