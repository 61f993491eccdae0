import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What a shell has to know of a command. */
interface Described {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Option[];
}

function describe(program: Command): Described[] {
  return program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    options: command.options,
  }));
}

const flagOf = (option: Option) => option.long ?? option.short ?? '';

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function bashScript(commands: readonly Described[]): string {
  const flags = commands.map(({ name, options }) => `    ${name}) words=${quoted(options.map(flagOf).join(' '))} ;;`);
  const choices = new Map(
    commands.flatMap(({ options }) => options).flatMap((o) => (o.argChoices ? [[flagOf(o), o.argChoices]] : [])) as [
      string,
      string[],
    ][],
  );
  const values = [...choices].map(
    ([flag, words]) => `    ${flag}) COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$word")); return ;;`,
  );
  const names = commands.map(({ name }) => name).join(' ');
  return `# bash completion of infer: source <(infer completion bash)
_infer() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} words
  case $before in
${values.join('\n')}
  esac
  case $command in
${flags.join('\n')}
    *) command=run; words=${quoted(
      commands
        .find(({ name }) => name === 'run')
        ?.options.map(flagOf)
        .join(' ') ?? '',
    )} ;;
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$words --help" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
    ((COMP_CWORD == 1)) && COMPREPLY+=($(compgen -W ${quoted(`${names} help`)} -- "$word"))
  fi
}
complete -o filenames -F _infer infer
`;
}

/** Colons and brackets stand for something in zsh's descriptions. */
const zshText = (text: string) => text.replace(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''");

function zshOption(option: Option): string {
  const values = option.argChoices ? `(${option.argChoices.join(' ')})` : '_files';
  const takes = option.required || option.optional ? `:${zshText(option.name())}:${values}` : '';
  return `        '*${flagOf(option)}[${zshText(option.description)}]${takes}'`;
}

function zshScript(commands: readonly Described[]): string {
  const list = commands.map(({ name, summary }) => `    '${name}:${zshText(summary)}'`);
  const cases = commands.map(({ name, options }) => {
    return `    ${name})\n      _arguments \\\n${[...options.map(zshOption), "        '*:model:_files'"].join(' \\\n')}\n      ;;`;
  });
  return `#compdef infer
# zsh completion of infer: infer completion zsh > a folder of $fpath, as _infer
_infer() {
  local -a commands=(
${list.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    _files
    return
  fi
  local command=$words[2]
  ((\${commands[(I)$command:*]})) || command=run
  ((CURRENT--)); shift words
  case $command in
${cases.join('\n')}
  esac
}
compdef _infer infer
`;
}

function fishScript(commands: readonly Described[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const own = commands.flatMap(({ name, summary, options }) => [
    `complete -c infer -n '__fish_is_first_arg' -a ${name} -d ${quoted(summary)}`,
    ...options.map((option) => {
      const condition =
        name === 'run'
          ? `not __fish_seen_subcommand_from ${names.replace(/\brun ?/, '')}`
          : `__fish_seen_subcommand_from ${name}`;
      const takes = option.argChoices ? ` -x -a ${quoted(option.argChoices.join(' '))}` : option.required ? ' -r' : '';
      return `complete -c infer -n ${quoted(condition)} -l ${flagOf(option).slice(2)}${takes} -d ${quoted(option.description)}`;
    }),
  ]);
  return `# fish completion of infer: infer completion fish > ~/.config/fish/completions/infer.fish\n${own.join('\n')}\n`;
}

const scripts: Readonly<Record<Shell, (commands: readonly Described[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** A script that completes commands, options, their choices and file names, made from the program itself. */
export function completionScript(program: Command, shell: Shell): string {
  return scripts[shell](describe(program));
}
