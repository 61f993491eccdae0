import { existsSync, readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addBatchCommand } from './commands/batch.js';
import { addBenchCommand } from './commands/bench.js';
import { addCompareCommand } from './commands/compare.js';
import { addCompletionCommand } from './commands/completion.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addExplainCommand } from './commands/explain.js';
import { addInspectCommand } from './commands/inspect.js';
import { addProfileCommand } from './commands/profile.js';
import { addRunCommand } from './commands/run.js';
import { addServeCommand } from './commands/serve.js';
import { addTuneCommand } from './commands/tune.js';
import type { Environment } from './environment.js';
import { CliError, errorLine, EXIT } from './errors.js';

function packageVersion(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return manifest.version;
}

function usageLine(text: string): string {
  const line = text
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim();
  return `infer: ${line.replace(/\.$/, '')}`;
}

function createProgram(environment: Environment): Command {
  const program = new Command('infer')
    .description('Runs, times, profiles, compares and inspects ONNX models on WebGPU.')
    .usage('[COMMAND] MODEL.onnx [options]')
    .version(packageVersion())
    .exitOverride()
    .configureHelp({ helpWidth: 120 })
    .configureOutput({
      writeOut: (text) => environment.stdout.write(text),
      writeErr: (text) => environment.stderr.write(text),
      outputError: (text, write) => write(`${usageLine(text)}; infer --help shows the usage\n`),
    })
    .showSuggestionAfterError(true);
  addRunCommand(program, environment);
  addBenchCommand(program, environment);
  addProfileCommand(program, environment);
  addBatchCommand(program, environment);
  addServeCommand(program, environment);
  addExplainCommand(program, environment);
  addTuneCommand(program, environment);
  addCompareCommand(program, environment);
  addInspectCommand(program, environment);
  addDoctorCommand(program, environment);
  addCompletionCommand(program, environment);
  const run = program.commands[0];
  program.addHelpText('after', () => {
    let text = '';
    run.configureOutput({ writeOut: (part) => (text += part) });
    run.outputHelp();
    return `\n${text}`;
  });
  return program;
}

/** A lone word that is neither a command nor a file is a command mistyped, rather than a model that is missing. */
function requireKnown([word]: readonly string[], { commands }: Command): void {
  if (word === undefined || !/^[a-z]+$/.test(word) || existsSync(word)) return;
  const names = [...commands.map((command) => command.name()), 'help'];
  if (!names.includes(word))
    throw new CliError(`"${word}" is neither a command nor a file; the commands are ${names.join(', ')}`, EXIT.usage);
}

/**
 * Runs the command line and gives the exit status: 0 done, 1 failed, 2 wrong usage. Failures are told on stderr.
 * @param args the arguments without the interpreter and the script.
 */
export async function main(args: readonly string[], environment: Environment): Promise<number> {
  try {
    const program = createProgram(environment);
    requireKnown(args, program);
    await program.parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    environment.stderr.write(errorLine(error, environment.debug));
    return error instanceof CliError ? error.exitCode : EXIT.failed;
  }
}
