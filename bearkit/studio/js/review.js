// The Review tab: a grid of candidates, decided with keys, mouse or touch. `server` has the functions suspects,
// undo_or_redo, details, progress and example of review.py.

/** @import { Failure, OutboxEvent, Place, ReviewPage, ReviewTab } from './types' */
/** @import { Outbox } from './outbox' */

import { make } from './dom.js';
import { newHelp } from './help.js';
import { isMove, moved, reviewAction } from './keys.js';
import { hideLarge, markExample, toggleLarge } from './large.js';
import { findLabels } from './offers.js';
import { opened } from './outbox.js';
import {
  begin, busy, fetchPage, hint, isLoading, nameField, newState, readAddress, showError, shownImage, writeAddress,
} from './page.js';
import { Palette } from './palette.js';
import { confirmPage, decide, decideByDigit, followOutbox, undoOrRedo } from './review_decide.js';
import { keyOf, mark } from './review_grid.js';
import { showKeys } from './review_help.js';
import { KINDS, ORDERS, draw, drawBar, keysLine, refresh } from './review_page.js';
import { failed } from './server.js';
import { markWaiting } from './states.js';
import { tidy } from './text.js';

const CAPTIONS = { kind: 'Show', split: 'Split', label: 'Label', predicted: 'Predicted', order: 'Sort', n: 'Per page' };
const NAMED = 'label of this picture';
const FILTERS = {
  first: {
    kind: 'label', split: '', label: '', predicted: '', run: '', order: 'out-of-fold', n: '20', rest: '', start: '',
    at: '',
  },
  choices: { kind: KINDS, order: ORDERS },
  size: 'n',
};
/** @type {ReviewPage} */
const EMPTY = {
  suspects: [], kind: '', decided_as: '', set: '', start: 0, total: 0, project: '', labels: [], order: [], counts: {},
  done: false, message: '', rest: 0, heading: '', left: '', progress: null, run: null, since: 0, view: '',
};

/**
 * Opens the page of the Review tab.
 * @param {Place} place
 */
export async function open(place) {
  const tab = newTab(place, await opened);
  await begin(tab, (event) => onOutbox(tab, event), () => { if (readAddress(tab) || !busy(tab)) load(tab, '', true); });
}

/**
 * @param {Place} place
 * @param {Outbox} outbox
 * @returns {ReviewTab}
 */
function newTab(place, outbox) {
  const palette = new Palette('rv', NAMED, (text) => offer(tab, text), (focus) => mark(tab, focus));
  const help = newHelp(() => mark(tab));
  /** @type {ReviewTab} */
  const tab = {
    ...newState(place, outbox, FILTERS),
    name: 'review', area: 'rv', captions: CAPTIONS,
    page: EMPTY,
    typedHere: new Set(),
    root: make('div', { class: 'rv' }),
    nameField: nameField(),
    bar: make('div', { class: 'rv-bar' }),
    keys: make('div', { class: 'rv-keys bk-quiet' }),
    notice: make('div', { class: 'rv-notice' }),
    progress: make('div', { class: 'rv-progress' }),
    heading: make('h4', { class: 'rv-heading' }),
    hintBox: make('div', { class: 'rv-hint', role: 'status' }),
    saved: make('b', { class: 'rv-saved', role: 'status' }),
    grid: make('div', { class: 'rv-grid', tabindex: 0, 'aria-label': 'pictures to review' }),
    side: make('aside', { class: 'rv-side', hidden: true }),
    confirm: make('button', { type: 'button', class: 'rv-confirm', hidden: true, onclick: () => confirmPage(tab) }, ''),
    turns: make('span', { class: 'rv-turns' }),
    foot: make('div', { class: 'rv-foot' }),
    images: () => tab.page.suspects,
    labelOf: (suspect) => {
      const known = tab.states.get(suspect.image_id);
      if (known?.action === 'unlabel') return '';
      return known && ['relabel', 'label'].includes(known.action) ? known.to ?? '' : suspect.given;
    },
    load: (message, focus) => load(tab, message, focus),
    drawBar: () => drawBar(tab),
    filtered: (name) => filtered(tab, name),
    mark: (focus) => mark(tab, focus),
    handleKey: (event) => handleKey(tab, event, help),
    refresh: () => refresh(tab),
    turn: (step) => turn(tab, step),
    decide: (action) => decide(tab, action),
    chooseLabel: () => { if (shownImage(tab) && !isLoading(tab)) palette.open(); },
  };
  const keys = make('button', { type: 'button', title: 'all keys', onclick: () => showKeys(help, tab.page) }, '?');
  const undo = make('button', { type: 'button', onclick: () => undoOrRedo(tab, 'undo') }, 'Undo (u)');
  const redo = make('button', { type: 'button', onclick: () => undoOrRedo(tab, 'redo') }, 'Redo (r)');
  tab.foot.append(tab.confirm, tab.turns, undo, redo, keys, tab.saved, tab.progress, tab.hintBox);
  const main = make('div', { class: 'rv-main' }, tab.grid, tab.side);
  tab.root.append(tab.bar, tab.keys, tab.notice, tab.heading, main, tab.foot, palette.dialog, help);
  return tab;
}

// ---------------------------------------------------------------------------------------------------------- the page

/**
 * Loads a page of candidates.
 * @param {ReviewTab} tab
 * @param {string} [message] to show above them
 * @param {boolean} [focus] whether the grid gets the focus
 * @param {number} [was] how many pictures a set had when its last page was shown
 * @returns {Promise<void>}
 */
async function load(tab, message = '', focus = false, was = 0) {
  const follow = (/** @type {string} */ text) => { tab.heading.hidden = false; tab.heading.textContent = text; };
  /** @type {{ answer: ReviewPage | Failure } | null} */
  const fetched = await fetchPage(tab, 'suspects', () => ({ was }), follow, () => load(tab, message));
  if (!fetched) return;
  const { answer } = fetched;
  if (failed(answer)) {
    tab.page = { ...EMPTY, labels: tab.page.labels, order: tab.page.order, kind: tab.view.kind ?? '' };
    tab.request = { ...tab.view };
    tab.states = new Map();
    draw(tab, focus);
    return showError(tab, answer);
  }
  tab.view.kind = answer.kind;  // without labels, the studio answers with the unlabelled pictures
  tab.view.start = String(answer.start || '');
  writeAddress(tab);
  tab.page = { ...answer, message: [tab.news, message, answer.message].filter(Boolean).join(' ') };
  tab.request = { ...tab.view };
  tab.news = '';
  tab.states = new Map();
  tab.sent = new Map();
  markWaiting(tab, answer.suspects, tab.outbox.items);
  hint(tab, '');
  draw(tab, focus);
  tab.outbox.countSoon();
  if (tab.root.getBoundingClientRect().top < 0) tab.root.scrollIntoView();  // start at the top, where the messages are
}

/**
 * Shows the next or an earlier page of a set; pictures that left it since make its later ones move up.
 * @param {ReviewTab} tab
 * @param {number} step
 */
function turn(tab, step) {
  tab.view.start = String(Math.max(0, tab.page.start + step) || '');
  tab.view.at = '';
  load(tab, '', false, tab.page.total);
}

/**
 * @param {ReviewTab} tab
 * @param {string} name of the filter that changed
 */
function filtered(tab, name) {
  tab.view.start = tab.view.at = '';
  if (name === 'kind') tab.view.rest = tab.view.predicted = tab.view.run = '';
  load(tab);
}

/**
 * @param {ReviewTab} tab
 * @param {OutboxEvent} event
 */
function onOutbox(tab, event) {
  if (event.kind === 'back' && tab.retrying) load(tab);
  else if (event.kind === 'pressed') tab.grid.focus({ preventScroll: true });
  else {
    if ('step' in event) followOutbox(tab, event);
    tab.keys.textContent = keysLine(tab.page);
    refresh(tab);
  }
}

// ------------------------------------------------------------------------------------- labels by their name, and keys

/**
 * Returns what the palette offers for a text.
 * @param {ReviewTab} tab
 * @param {string} text
 */
function offer(tab, text) {
  const suspect = shownImage(tab);
  const { begin: first, contain, fresh } = findLabels(tab.page.labels, text);
  const entry = (/** @type {string} */ label) =>
    ({ text: label, key: keyOf(tab, label), act: () => decide(tab, 'relabel', label) });
  const offers = [...first, ...contain].map(entry);
  if (fresh) offers.push({ ...entry(fresh), text: `New label: ${fresh}`, key: '' });
  if (!tidy(text) && suspect?.given && !suspect.twin) {
    offers.push({ text: 'No label: remove it', key: '', act: () => decide(tab, 'unlabel') });
  }
  return { offers, chosen: 0 };
}

/**
 * @param {ReviewTab} tab
 * @param {KeyboardEvent} event
 * @param {HTMLDialogElement} help
 * @returns {boolean} whether the key was for the page
 */
function handleKey(tab, { key, repeat }, help) {
  const { grid, page } = tab;
  if (repeat && !isMove(key)) return true;
  if (isMove(key)) {
    const columns = Math.max(1, Math.round(grid.clientWidth / (grid.querySelector('figure')?.offsetWidth || 1)));
    tab.current = moved(key, tab.current, columns, page.suspects.length);
    mark(tab);
    return true;
  }
  /** @type {Record<string, () => void>} */
  const acts = {
    keep: () => decide(tab, 'keep'), delete: () => decide(tab, 'delete'), other: () => decide(tab, 'other'),
    digit: () => decideByDigit(tab, Number(key)), label: tab.chooseLabel, example: () => markExample(tab),
    undo: () => undoOrRedo(tab, 'undo'), redo: () => undoOrRedo(tab, 'redo'), large: () => toggleLarge(tab),
    close: () => hideLarge(tab), confirm: () => confirmPage(tab), help: () => showKeys(help, tab.page),
  };
  const now = { kind: page.kind, twin: Boolean(shownImage(tab)?.twin), large: !tab.side.hidden };
  const act = acts[reviewAction(key, now)];
  act?.();
  return Boolean(act);
}
