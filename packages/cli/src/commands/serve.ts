import { readFileSync, statSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadOnnxFile } from '@tessera/onnx-loader/node';
import type { AdapterChoice, Precision } from '@tessera/runtime';
import type { ProcessOptions } from '@tessera/server';
import type { Environment } from '../environment.js';
import { CliError, EXIT, systemReason } from '../errors.js';

const MEBIBYTE = 2 ** 20;

const HELP = `
A folder holds NAME.onnx, NAME/model.onnx or NAME/VERSION/model.onnx. docs/serving.md says more.

Exit status: 0 ended by SIGINT or SIGTERM with all accepted requests answered, 1 failed, 2 wrong usage.

Examples:
  infer serve models                                          every model of a folder, on ports 8000 and 8001
  infer serve resnet50.onnx --name resnet --port 8080 --no-grpc
  infer serve models --adapter NVIDIA --max-batch 32 --token-file token`;

/** The options of `infer serve` as commander gives them. */
interface ServeCommandOptions {
  readonly name?: string;
  readonly host: string;
  readonly port: number;
  readonly grpcPort: number;
  readonly grpc: boolean;
  readonly adapter: readonly AdapterChoice[];
  readonly precision: Precision;
  readonly workers: number;
  readonly maxBatch: number;
  readonly maxDelay: number;
  readonly maxQueue: number;
  readonly maxRequests: number;
  readonly maxBody: number;
  readonly maxTensors: number;
  readonly maxElements: number;
  readonly timeout: number;
  readonly memoryBudget?: number;
  readonly control: boolean;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly drain: number;
  readonly logLevel: string;
}

/** Parser of a number from `min` to `max`, whole unless `fraction`. */
function number(min: number, max = Number.MAX_SAFE_INTEGER, fraction = false): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max) || (!fraction && !Number.isInteger(value))) {
      const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
      throw new InvalidArgumentError(`It must be a ${fraction ? '' : 'whole '}number ${range}.`);
    }
    return value;
  };
}

/** The table of options, in the order of --help. */
function serveOptions(): Option[] {
  const option = (flags: string, description: string) => new Option(flags, description);
  const port = number(0, 65535);
  return [
    option(
      '--name <name>',
      "name of the model: of the one file, or of the folder, which then is one model (default: the files')",
    ),
    option('--host <address>', 'address to listen on; 0.0.0.0 lets other machines in').default('127.0.0.1'),
    option('--port <n>', 'TCP port of HTTP; 0 for any that is free').argParser(port).default(8000),
    option('--grpc-port <n>', 'TCP port of gRPC; 0 for any that is free').argParser(port).default(8001),
    option('--no-grpc', 'HTTP alone'),
    option('--adapter <a>', 'adapter to open a device on; repeatable, for several GPUs')
      .argParser((text: string, previous: readonly string[]) => [...previous, text])
      .default([], 'TESSERA_ADAPTER, else auto'),
    option('--precision <p>', 'of the arithmetic').choices(['fp32', 'fp16', 'strict']).default('fp32'),
    option('--workers <n>', 'processes, which share the adapters named').argParser(number(1, 256)).default(1),
    option('--max-batch <rows>', 'largest batch of requests joined; 1 joins none')
      .argParser(number(1, 4096))
      .default(16),
    option('--max-delay <ms>', 'how long a request may wait for others')
      .argParser(number(0, 60_000, true))
      .default(2),
    option('--max-queue <n>', 'requests to a model that may wait').argParser(number(1)).default(1024),
    option('--max-requests <n>', 'requests under way at a time').argParser(number(1)).default(2048),
    option('--max-body <MiB>', "of a request's body")
      .argParser(number(0.001, 2047, true))
      .default(64),
    option('--max-tensors <n>', 'inputs, or outputs, of a request').argParser(number(1)).default(64),
    option('--max-elements <n>', 'elements of one input')
      .argParser(number(1))
      .default(16 * MEBIBYTE),
    option('--timeout <s>', 'of a request, and of its arrival')
      .argParser(number(0.001, 86_400, true))
      .default(30),
    option('--memory-budget <MiB>', 'of GPU memory on each device (default: what it has)').argParser(number(1)),
    option('--no-control', 'do not load or unload models by requests'),
    option('--token <token>', 'bearer token without which no request is answered (default: TESSERA_TOKEN)'),
    option('--token-file <file>', 'file with the token on its first line'),
    option('--tls-cert <file>', 'certificate chain in PEM; with --tls-key'),
    option('--tls-key <file>', 'private key in PEM'),
    option('--drain <ms>', 'from the end of readiness to the last new connection')
      .argParser(number(0, 600_000))
      .default(500),
    option('--log-level <l>', 'least level of log lines')
      .choices(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
      .default('info'),
  ];
}

const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${systemReason(error)}`);
  }
}

function tokenOf({ token, tokenFile }: ServeCommandOptions): string | undefined {
  const found =
    tokenFile === undefined
      ? (token ?? process.env.TESSERA_TOKEN)
      : read(tokenFile).toString('utf8').split('\n')[0].trim();
  if (found === '') throw new CliError('the token is empty');
  return found;
}

function tlsOf({ tlsCert, tlsKey }: ServeCommandOptions): ProcessOptions['tls'] {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new CliError('--tls-cert and --tls-key go together', EXIT.usage);
  return { cert: read(tlsCert), key: read(tlsKey) };
}

function processOptions(paths: readonly string[], options: ServeCommandOptions): ProcessOptions {
  const { adapter, grpc, grpcPort, maxDelay, timeout, maxBody, memoryBudget, drain, ...rest } = options;
  return {
    ...rest,
    paths,
    adapters: adapter,
    grpcPort: grpc ? grpcPort : false,
    maxDelayMs: maxDelay,
    timeoutMs: timeout * 1000,
    maxBody: Math.floor(maxBody * MEBIBYTE),
    memoryBudget: memoryBudget === undefined ? undefined : memoryBudget * MEBIBYTE,
    drainMs: drain,
    token: tokenOf(options),
    tls: tlsOf(options),
  };
}

/** Adds the command `serve`: models over HTTP and gRPC until the process is told to end. */
export function addServeCommand(program: Command, environment: Pick<Environment, 'serve'>): void {
  const command = program
    .command('serve')
    .summary('serve models over HTTP and gRPC by the Open Inference Protocol')
    .usage('PATH... [options]')
    .argument('<path...>', 'a folder of models, or model files')
    .addHelpText('after', HELP);
  for (const option of serveOptions()) command.addOption(option);
  command.action(async (paths: readonly string[], options: ServeCommandOptions) => {
    if (paths.length === 1 && isFile(paths[0])) loadOnnxFile(paths[0]);
    const status = await environment.serve(processOptions(paths, options)).catch((error: unknown) => {
      throw error instanceof Error && error.name === 'Error' ? new CliError(error.message, undefined, error) : error;
    });
    if (status !== 0) throw new CliError('serving ended with a failure, which the log names');
  });
}

/** The options that arguments of `infer serve` mean. Throws commander's errors for wrong ones. */
export async function parseServeArguments(args: readonly string[]): Promise<ProcessOptions> {
  const program = new Command('infer').exitOverride().configureOutput({ writeErr: () => undefined });
  let parsed: ProcessOptions | undefined;
  addServeCommand(program, { serve: async (options) => ((parsed = options), 0) });
  await program.parseAsync(['serve', ...args], { from: 'user' });
  return parsed!;
}
