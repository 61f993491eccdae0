import { createStore, get, set } from 'idb-keyval';
import { mergeTuning, type TuningFile } from '@tessera/runtime/browser';
import type { AdapterReport, Forced } from './messages.js';

/** In IndexedDB: algorithms that the visitor chose, by adapter and model, and times of kernels, by adapter. */
const store = 'indexedDB' in globalThis ? createStore('tessera', 'choices') : undefined;

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

const tuningKey = ({ name, driver }: AdapterReport) => `tuning ${name} ${driver}`;

/** Adds times of kernels to those that earlier visits took on this adapter. */
export async function rememberTuning(adapter: AdapterReport, tuning: TuningFile): Promise<void> {
  if (!store) return;
  const known = await recallTuning(adapter);
  await set(tuningKey(adapter), known ? mergeTuning(known, tuning) : tuning, store);
}

export async function recallTuning(adapter: AdapterReport): Promise<TuningFile | undefined> {
  return store && get<TuningFile>(tuningKey(adapter), store);
}
