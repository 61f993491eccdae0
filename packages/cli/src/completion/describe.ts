import type { Argument, Command, Option } from 'commander';

/** What stands after an option, or as an argument: one of some words, a file or folder, or what no shell can know. */
export type Value = readonly string[] | 'file' | 'other';

export interface DescribedOption {
  /** Its long name, with the dashes. */
  readonly flag: string;
  readonly description: string;
  /** Absent where the option takes none. */
  readonly value?: Value;
}

/** What a shell has to know of a command. */
export interface DescribedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly DescribedOption[];
  readonly argument: Value;
}

/** The command that `infer` runs where none is named. */
export const DEFAULT_COMMAND = 'run';

function valueOf({ argChoices, flags }: Option): Value {
  return argChoices ?? (/\b(file|dir|path|reference)\b/.test(flags) ? 'file' : 'other');
}

function describeOption(option: Option): DescribedOption {
  const { long, flags, description } = option;
  const takes = option.required || option.optional;
  return { flag: long ?? flags, description, ...(takes && { value: valueOf(option) }) };
}

const argumentOf = (argument: Argument | undefined): Value => argument?.argChoices ?? 'file';

/** All commands of a program, `help` too, as its own help lists them. */
export function describeCommands(program: Command): DescribedCommand[] {
  const help = program.createHelp();
  const commands = help.visibleCommands(program);
  const names = commands.map((command) => command.name());
  return commands.map((command) => ({
    name: command.name(),
    summary: command.summary() || command.description(),
    options: help.visibleOptions(command).map(describeOption),
    argument: command.name() === 'help' ? names : argumentOf(command.registeredArguments[0]),
  }));
}

/** In single quotes, as all three shells read them. */
export const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
