import { expose } from 'comlink';
import { Engine } from './engine.js';
import { withCodes } from './errors.js';

expose(withCodes(new Engine()));
