import pc from 'picocolors';
import { main } from './cli.js';
import { errorLine, EXIT } from './errors.js';
import { Interruption } from './interruption.js';

const interruption = new Interruption();

process.on('SIGINT', () => {
  if (!interruption.interrupt()) return;
  if (process.stderr.isTTY) process.stderr.write('\n');
  process.exit(EXIT.interrupted);
});

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed);
});
process.stderr.on('error', () => undefined);

const debug = process.env.TESSERA_DEBUG === '1';
process.on('uncaughtException', (error) => {
  process.stderr.write(errorLine(error, debug));
  process.exit(EXIT.failed);
});

// The library also takes CI as a wish for colours; a report in a pipe or a file is there plain, unless FORCE_COLOR asks.
const isColorful = pc.isColorSupported && (process.stdout.isTTY || Boolean(process.env.FORCE_COLOR));

const status = await main(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  progress: process.stderr,
  colors: pc.createColors(isColorful),
  debug,
  interruption,
  loadRuntime: () => import('@tessera/runtime'),
  serve: async (options) => {
    // Ends by itself when what was accepted is answered.
    process.removeAllListeners('SIGINT');
    const { serve } = await import('@tessera/server');
    return serve(options);
  },
});

// The GPU's driver may hold the process open, so it is ended once all is written.
process.stdout.write('', () => process.exit(status));
