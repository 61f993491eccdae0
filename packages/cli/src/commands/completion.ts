import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion/script.js';
import type { Environment } from '../environment.js';

const HELP = `
Examples:
  source <(infer completion bash)                             in ~/.bashrc
  infer completion zsh > "\${fpath[1]}/_infer"
  infer completion fish > ~/.config/fish/completions/infer.fish`;

export function addCompletionCommand(program: Command, environment: Environment): void {
  program
    .command('completion')
    .summary('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText('after', HELP)
    .action((shell: Shell) => void environment.stdout.write(completionScript(program, shell)));
}
