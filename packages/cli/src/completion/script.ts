import type { Command } from 'commander';
import { bashScript } from './bash.js';
import { describeCommands, type DescribedCommand } from './describe.js';
import { fishScript } from './fish.js';
import { zshScript } from './zsh.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const scripts: Readonly<Record<Shell, (commands: readonly DescribedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** A script that completes commands, options, their choices and file names, made from the program itself. */
export function completionScript(program: Command, shell: Shell): string {
  return scripts[shell](describeCommands(program));
}
