// Sends decisions to the studio. They stay in this browser until the studio has stored them, so that a lost connection,
// a reload or a killed studio loses none. They are sent again automatically, in order, with the same token, under which
// the studio stores a decision only once. `server.store` is in outbox.py; the rules are in outbox_items.js.

/** @import { Call, OutboxEvent, Place, Served, Step, Stored, Failure, Waiting } from './types' */

import { openAddress } from './address.js';
import {
  BATCH, PREFIX, decisions, itemOf, keyOf, nextBatch, orphans, readItem, sortAnswers, summaryOf,
} from './outbox_items.js';
import { linesOf } from './outbox_lines.js';
import { storage } from './reviewer.js';
import { caller, failed } from './server.js';

const SOONEST = 500, LATEST = 3000;  // milliseconds: the shortest and the longest pause between two tries
const PATIENCE = 15000;              // milliseconds until a try counts as failed

export class Outbox {
  /** @param {Place} place */
  constructor({ element, server, events }) {
    this.element = element;
    this.counted = events.counted;
    /** @type {Call} */
    this.call = caller(server, PATIENCE);
    this.tab = crypto.getRandomValues(new Uint32Array(2)).join('-');
    /** @type {Set<(event: OutboxEvent) => void>} */
    this.listeners = new Set();
    /** @type {Waiting[]} */
    this.items = [];    // in order; also those of closed tabs
    /** @type {Waiting[]} */
    this.foreign = [];  // the same of projects that this address does not serve now
    /** @type {Served} */
    this.served = { project: '', called: '' };
    this.problem = '';  // why the studio could not store decisions; "" if it can
    /** @type {Promise<void> | null} */
    this.sending = null;
    this.number = 0;
    this.started = false;
    this.pause = SOONEST;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.headTimer = undefined;
    this.#follow();
    this.ready = this.#adopt().then(() => (this.items.length ? this.#flush() : undefined));
  }

  /** @param {(event: OutboxEvent) => void} listener */
  listen(listener) {
    this.listeners.add(listener);
  }

  /**
   * Keeps a step and sends it.
   * @param {Step} step
   */
  add(step) {
    this.number += 1;
    const item = itemOf(keyOf(step.project, this.tab, this.number), step, this.served);
    this.items.push(item);
    this.started = true;
    this.#persist(item);
    this.#notify({ kind: 'change' });
    if (!this.problem) this.#flush();
  }

  /** Waits until the request on its way, if any, is answered. */
  async settled() {
    await this.sending;
  }

  /** Tries again now. */
  wake() {
    this.pause = SOONEST;
    this.#adopt().then(() => { if (this.items.length) this.#flush(); });
  }

  /** Says whether decisions wait; "" before there was one. */
  summary() {
    return summaryOf(this.items, this.started);
  }

  /** Updates the line above the tabs, and their names, once no decision has come for a moment. */
  countSoon() {
    clearTimeout(this.headTimer);
    this.headTimer = setTimeout(async () => {
      /** @type {{ head: string } | Failure} */
      const answer = await this.call('counts', {});
      this.counted?.();
      const head = document.querySelector('.bk-head span');
      if (failed(answer) || !answer.head || !head) return;
      const now = Object.assign(document.createElement('span'), { innerHTML: answer.head });  // escaped by html.counts
      if (!head.isEqualNode(now)) head.replaceWith(now);  // so that a link that has the focus keeps it
    }, 400);
  }

  // ----------------------------------------------------------------------------------------------------------- sending

  #flush() {
    clearTimeout(this.timer);
    this.sending = this.sending || this.#send().finally(() => { this.sending = null; });
    return this.sending;
  }

  async #send() {
    while (true) {
      const batch = nextBatch(this.items);
      if (!batch.length) {
        if (this.problem) { this.problem = ''; this.#notify({ kind: 'change' }); }
        return;
      }
      /** @type {{ answers: (Stored | Failure)[] } | Failure} */
      const answer = await this.call('store', { decisions: batch.map((item) => item.step) });
      if (failed(answer)) return this.#retryLater(answer.error);
      const { settled, problem } = sortAnswers(batch, answer.answers);
      for (const [item, result] of settled) this.#settle(item, result);
      if (problem) return this.#retryLater(problem);
      const was = this.problem;
      this.problem = '';
      this.pause = SOONEST;
      this.#notify({ kind: was ? 'back' : 'change' });
      this.countSoon();
    }
  }

  /**
   * @param {Waiting} item
   * @param {Stored | Failure} answer
   */
  #settle(item, answer) {
    if (failed(answer)) {
      item.refused = `${answer.error}. ${answer.hint || ''}`;
      return this.#notify({ kind: 'refused', step: item.step });
    }
    this.#forget(item);
    this.#notify({ kind: 'stored', step: item.step, answer });
  }

  /** @param {string} reason */
  #retryLater(reason) {
    this.problem = reason;
    this.#notify({ kind: 'change' });
    clearTimeout(this.timer);
    for (const item of this.items) if (!item.persisted) this.#persist(item);  // localStorage may have room now
    this.timer = setTimeout(() => this.#adopt().then(() => this.#flush()), this.pause);
    this.pause = Math.min(2 * this.pause, LATEST);
  }

  // ------------------------------------------------------------------------------------------------- what is kept here

  /** @param {Waiting} item */
  #persist(item) {
    item.persisted = storage(item.key, JSON.stringify(item.step)) !== null;
  }

  /** @param {Waiting} item */
  #forget(item) {
    this.items = this.items.filter((other) => other !== item);
    this.foreign = this.foreign.filter((other) => other !== item);
    storage(item.key, null);
  }

  /** Takes over the decisions of closed tabs; without locks (no https), those of every other tab. */
  async #adopt() {
    /** @type {Served | Failure} */
    const answer = await this.call('project_name', {});
    if (failed(answer)) return;
    this.served = answer;
    const others = await openTabs();
    const known = [...this.items, ...this.foreign];
    for (const key of orphans(storedKeys(), this.tab, others, known)) {
      const text = storage(key);
      if (text) known.push(readItem(key, text));
    }
    this.items = known.filter((item) => item.project === answer.project);
    this.foreign = known.filter((item) => item.project !== answer.project);
    this.started = this.started || this.items.length > 0;
    this.#draw();
  }

  /**
   * Another tab sent or discarded a decision that this one has too.
   * @param {StorageEvent} event
   */
  #changedElsewhere(event) {
    if (event.newValue || !event.key) return;
    const item = this.items.find((one) => one.key === event.key);
    this.items = this.items.filter((other) => other !== item);
    this.foreign = this.foreign.filter((other) => other.key !== event.key);
    if (!item) return this.#draw();
    if (event.newValue === '' || item.refused) this.#notify({ kind: 'discarded', step: item.step });
    else this.#notify({ kind: 'stored', step: item.step, answer: {} });
  }

  /** A last try when the page goes. */
  #sendLast() {
    const left = this.items.filter((item) => !item.refused).slice(0, BATCH).map((item) => item.step);
    if (left.length) this.lastCall('outbox', 'store', { decisions: left });
  }

  /**
   * Calls a function of a component while the page goes: `keepalive` lets the call outlive the page.
   * @param {string} part the component's id in the page
   * @param {string} name of the studio's function
   * @param {object} payload
   */
  lastCall(part, name, payload) {
    const { components = [], root = '', api_prefix: prefix = '/gradio_api' } = window.gradio_config || {};
    const own = components.find((component) => component.props?.elem_id === part);
    if (!own) return;
    const data = { data: payload, component_id: own.id, fn_name: name, session_hash: this.tab };
    const sent = { method: 'POST', keepalive: true, headers: { 'Content-Type': 'application/json' } };
    fetch(`${root}${prefix}/component_server/`, { ...sent, body: JSON.stringify(data) }).catch(() => {});
  }

  #follow() {
    this.element.setAttribute('role', 'status');
    const held = navigator.locks?.request(`bearkit-${this.tab}`, () => new Promise(() => {}));
    held?.catch(() => {});  // refused where storage is blocked
    window.addEventListener('storage', (event) => this.#changedElsewhere(event));
    window.addEventListener('pagehide', () => this.#sendLast());
    window.addEventListener('beforeunload', (event) => {
      if ([...this.items, ...this.foreign].some((item) => !item.persisted)) event.preventDefault();
    });
    window.addEventListener('online', () => this.wake());
    window.addEventListener('focus', () => { if (this.items.length) this.wake(); });
    document.addEventListener('visibilitychange', () => { if (!document.hidden && this.items.length) this.wake(); });
  }

  // ------------------------------------------------------------------------------------------------------ the messages

  /** @param {OutboxEvent} event */
  #notify(event) {
    this.#draw();
    for (const listener of this.listeners) listener(event);
  }

  #draw() {
    const pressed = (/** @type {() => void} */ act) => () => { act(); this.#notify({ kind: 'pressed' }); };
    this.element.replaceChildren(...linesOf(this, {
      now: pressed(() => this.wake()),
      again: pressed(() => this.#again()),
      discard: (items) => pressed(() => this.#discard(items))(),
    }));
  }

  #again() {
    for (const item of this.items) item.refused = '';
    this.#flush();
  }

  /** @param {Waiting[]} those */
  #discard(those) {
    if (!window.confirm(`Discard ${decisions(those.length)}? This cannot be undone.`)) return;
    for (const item of those) {
      storage(item.key, '');  // an empty value tells other tabs that it was discarded, not stored
      this.#forget(item);
      this.#notify({ kind: 'discarded', step: item.step });
    }
  }
}

function storedKeys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).sort();
  } catch {
    return [];
  }
}

/** Returns the names of open tabs. */
async function openTabs() {
  const found = await navigator.locks?.query().catch(() => null);
  return found?.held ? found.held.map((lock) => lock.name) : [];
}

/** @type {(outbox: Outbox) => void} */
let tellOpened;

/** The outbox of this page, once it is there. @type {Promise<Outbox>} */
export const opened = new Promise((resolve) => { tellOpened = resolve; });

/**
 * Opens the page's outbox, and follows its address.
 * @param {Place} place
 */
export function open(place) {
  tellOpened(new Outbox(place));
  openAddress();
}
