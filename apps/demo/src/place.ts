import { loadModel, type EngineClient } from './engine/client.js';
import { errorCode } from './engine/errors.js';
import type { LoadedModel, LoadOptions, LoadProgress, ModelSource, RunResult, Tensors } from './engine/messages.js';
import { h } from './dom.js';
import { formatBytes } from './format.js';
import { failureText } from './notices.js';

const phaseNames: Readonly<Record<LoadProgress['phase'], string>> = {
  download: 'Downloading',
  load: 'Reading the model',
  upload: 'Uploading weights',
  compile: 'Compiling kernels',
};

function progressText({ phase, done, total }: LoadProgress): string {
  if (phase === 'load') return `${phaseNames[phase]}…`;
  if (phase !== 'download') return `${phaseNames[phase]}, ${done} of ${total}…`;
  return `${phaseNames[phase]}, ${formatBytes(done)}${total > 0 ? ` of ${formatBytes(total)}` : ''}…`;
}

/**
 * One place of the page that holds a model: it loads with progress and a button to cancel, runs, and shows in its status
 * line what goes on and what went wrong.
 */
export class Place {
  /** The status line, to be put into the page. */
  readonly status = h('p', { class: 'status', role: 'status' });
  readonly #bar = h('progress', { 'aria-label': 'Loading' });
  readonly #cancel = h('button', { type: 'button', click: () => void this.engine.cancel(this.name) }, 'Cancel');
  readonly loading = h('div', { class: 'loading', hidden: true }, this.#bar, this.#cancel);
  model: LoadedModel | undefined;
  /** The inputs of the last run: what a profile is taken with. */
  lastFeeds: Tensors | undefined;
  source: ModelSource | undefined;

  constructor(
    readonly engine: EngineClient,
    readonly name: string,
  ) {}

  say(text: string): void {
    this.status.classList.remove('failed');
    this.status.textContent = text;
  }

  fail(error: unknown): void {
    this.status.classList.add('failed');
    this.status.textContent = failureText(errorCode(error), error instanceof Error ? error.message : String(error));
  }

  /** Loads a model; false where it failed or was cancelled, which the status line then says. */
  async load(source: ModelSource, options: LoadOptions = {}): Promise<boolean> {
    this.loading.hidden = false;
    this.#bar.removeAttribute('value');
    try {
      this.model = await loadModel(this.engine, this.name, source, options, (progress) => this.#show(progress));
      this.source = source;
      this.say('');
      return true;
    } catch (error) {
      if (errorCode(error) === 'AbortError') this.say('Cancelled. What was loaded before is still there.');
      else this.fail(error);
      return false;
    } finally {
      this.loading.hidden = true;
    }
  }

  /** Runs the model; undefined where it failed, which the status line then says. */
  async run(feeds: Tensors): Promise<RunResult | undefined> {
    try {
      const result = await this.engine.run(this.name, feeds);
      this.lastFeeds = feeds;
      return result;
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  #show(progress: LoadProgress): void {
    if (this.loading.hidden) return;
    this.say(progressText(progress));
    if (progress.total > 0) {
      this.#bar.max = progress.total;
      this.#bar.value = progress.done;
    } else this.#bar.removeAttribute('value');
  }
}
