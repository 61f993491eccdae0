import { DEFAULT_COMMAND, quoted, type DescribedCommand, type Value } from './describe.js';

function action(value: Value | undefined): string {
  if (value === undefined) return '';
  if (value === 'file') return ' -r';
  return value === 'other' ? ' -x' : ` -x -a ${quoted(value.join(' '))}`;
}

function commandLines({ name, summary, options, argument }: DescribedCommand): string[] {
  const here = `complete -c infer -n '__infer_is ${name}'`;
  const operand = typeof argument === 'string' ? [] : [`${here} -f -a ${quoted(argument.join(' '))}`];
  return [
    `complete -c infer -n __fish_is_first_arg -a ${name} -d ${quoted(summary)}`,
    ...operand,
    ...options.map(
      ({ flag, description, value }) =>
        `${here} -l ${flag.replace(/^-+/, '')}${action(value)} -d ${quoted(description)}`,
    ),
  ];
}

export function fishScript(commands: readonly DescribedCommand[]): string {
  return `# fish completion of infer: infer completion fish > ~/.config/fish/completions/infer.fish
function __infer_is -a name -d 'whether the command line is of this command'
    set -l words (commandline -opc)
    set -l command ${DEFAULT_COMMAND}
    contains -- "$words[2]" ${commands.map(({ name }) => name).join(' ')}; and set command $words[2]
    test $command = $name
end
${commands.flatMap(commandLines).join('\n')}
`;
}
