import { DEFAULT_COMMAND, quoted, type DescribedCommand, type DescribedOption, type Value } from './describe.js';

/** Colons and brackets stand for something in zsh's descriptions. */
const plain = (text: string) => text.replace(/[[\]:\\]/g, '\\$&');

function action(value: Value): string {
  if (value === 'file') return '_files';
  return value === 'other' ? ' ' : `(${value.join(' ')})`;
}

function optionSpec({ flag, description, value }: DescribedOption): string {
  const text = `[${plain(description)}]`;
  return quoted(value ? `*${flag}=${text}:${flag.replace(/^-+/, '')}:${action(value)}` : `*${flag}${text}`);
}

function commandCase({ name, options, argument }: DescribedCommand): string {
  const operand = argument === 'file' ? '*:model:_files' : `1: :${action(argument)}`;
  const specs = [...options.map(optionSpec), quoted(operand)].map((spec) => `        ${spec}`);
  return `    ${name})\n      _arguments \\\n${specs.join(' \\\n')}\n      ;;`;
}

export function zshScript(commands: readonly DescribedCommand[]): string {
  const list = commands.map(({ name, summary }) => `      ${quoted(`${name}:${plain(summary)}`)}`);
  return `#compdef infer
# zsh completion of infer: source <(infer completion zsh), or as _infer in a folder of $fpath
_infer() {
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    local -a commands
    commands=(
${list.join('\n')}
    )
    _alternative 'commands:command:{_describe command commands}' 'files:model:_files'
    return
  fi
  local command=${DEFAULT_COMMAND}
  case $words[2] in
    ${commands.map(({ name }) => name).join(' | ')})
      command=$words[2]
      shift words
      ((CURRENT--))
      ;;
  esac
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}
# From $fpath this file itself is the body of _infer, at its first call.
if [[ $funcstack[1] == _infer ]]; then
  _infer "$@"
else
  compdef _infer infer
fi
`;
}
