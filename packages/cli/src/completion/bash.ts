import { DEFAULT_COMMAND, quoted, type DescribedCommand, type Value } from './describe.js';

/** What the script sets for a value: the words to choose from, and whether files are offered. */
function offer(value: Value): string {
  if (value === 'file') return 'files=1';
  return value === 'other' ? ':' : `words=${quoted(value.join(' '))}`;
}

/** One line of a `case` for each thing to offer, under all the patterns that lead to it. */
function cases(entries: readonly (readonly [pattern: string, value: Value])[], indent: string): string {
  const patterns = new Map<string, string[]>();
  for (const [pattern, value] of entries) {
    const action = offer(value);
    patterns.set(action, [...(patterns.get(action) ?? []), pattern]);
  }
  return [...patterns].map(([action, list]) => `${indent}${list.join(' | ')}) ${action} ;;`).join('\n');
}

export function bashScript(commands: readonly DescribedCommand[]): string {
  const names = commands.map(({ name }) => name);
  const values = commands.flatMap(({ name, options }) =>
    options.flatMap(({ flag, value }) => (value ? [[`${name}:${flag}`, value] as const] : [])),
  );
  const flags = commands.map(({ name, options }) => [name, options.map(({ flag }) => flag)] as const);
  const operands = commands.map(({ name, argument }) => [name, argument] as const);
  return `# bash completion of infer: source <(infer completion bash)
_infer() {
  local command=\${COMP_WORDS[1]} before=\${COMP_WORDS[COMP_CWORD-1]} word=\${COMP_WORDS[COMP_CWORD]} words files
  # Of --option=value, the equals sign is a word of its own.
  if [[ $before == '=' ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  if [[ $word == '=' ]]; then word=; fi
  case $command in
    ${names.join(' | ')}) ;;
    *) command=${DEFAULT_COMMAND} ;;
  esac
  case $command:$before in
${cases(values, '    ')}
    *)
      if [[ $word == -* ]]; then
        case $command in
${cases(flags, '          ')}
        esac
      elif ((COMP_CWORD == 1)); then
        files=1 words=${quoted(names.join(' '))}
      else
        case $command in
${cases(operands, '          ')}
        esac
      fi
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  local IFS=$'\\n'
  if [[ $files ]]; then COMPREPLY+=($(compgen -f -- "$word")); fi
}
complete -o filenames -F _infer infer
`;
}
