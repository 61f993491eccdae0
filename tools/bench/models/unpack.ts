// A child process that opens SwiftShader once, so that it lies unpacked in TESSERA_CACHE.
import { acquireDevice } from '@tessera/runtime';

(await acquireDevice({ adapter: 'swiftshader' })).dispose();
process.exit(0);
