import { createStore, get, set } from 'idb-keyval';
import type { AdapterReport, Forced } from './messages.js';

/** Algorithms that the visitor chose, in IndexedDB, by the adapter and the model's bytes. */
const store = 'indexedDB' in globalThis ? createStore('tessera', 'algorithms') : undefined;

async function key({ name, driver }: AdapterReport, model: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', model as Uint8Array<ArrayBuffer>);
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${name} ${driver} ${hex}`;
}

/** Whether the browser lets this page keep anything: it must come by https or from this machine. */
const isAllowed = () => store !== undefined && crypto.subtle !== undefined;

export async function rememberForced(adapter: AdapterReport, model: Uint8Array, forced: Forced): Promise<void> {
  if (isAllowed()) await set(await key(adapter, model), forced, store);
}

export async function recallForced(adapter: AdapterReport, model: Uint8Array): Promise<Forced | undefined> {
  return isAllowed() ? get<Forced>(await key(adapter, model), store) : undefined;
}
