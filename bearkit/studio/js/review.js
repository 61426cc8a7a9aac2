// The Review tab: a grid of candidates, decided with keys, mouse or touch. `server` has the functions suspects,
// undo_or_redo, details, progress and example of review.py.

/** @import { Failure, OutboxEvent, Place, ReviewPage, ReviewTab } from './types' */
/** @import { Outbox } from './outbox' */

import { make } from './dom.js';
import { isMove, moved, reviewAction } from './keys.js';
import { hideLarge, markExample, toggleLarge } from './large.js';
import { findLabels } from './offers.js';
import { opened } from './outbox.js';
import {
  begin, busy, choice, fetchPage, hasFocus, hint, isLoading, nameField, newState, readAddress, settle, shownImage,
  showError, showSaved, writeAddress,
} from './page.js';
import { Palette } from './palette.js';
import { confirmPage, decide, decideByDigit, followOutbox, undoOrRedo } from './review_decide.js';
import { keyOf, mark, paint, pictureOf } from './review_grid.js';
import { failed } from './server.js';
import { markWaiting } from './states.js';
import { plural, short, tidy } from './text.js';

const NAMED = 'label of this picture';
const CAPTIONS = { kind: 'Show', split: 'Split', label: 'Label', predicted: 'Predicted', order: 'Sort', n: 'Per page' };
const KINDS = {
  label: 'suspicious labels', duplicate: 'near-duplicates', outlier: 'outliers', quality: 'low-quality pictures',
  unlabelled: 'no label yet', any: 'all pictures', mistake: "the model's mistakes",
  conflict: 'several labels or splits', deleted: 'deleted pictures',
};
const ORDERS = { 'out-of-fold': 'most suspicious first', loss: 'highest loss first' };
const SPLITS = ['train', 'valid', 'test'];
const PAGES = ['20', '50', '100'];
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
  const button = (/** @type {string} */ text, /** @type {() => void} */ onclick) => make('button', { type: 'button', onclick }, text);
  const palette = new Palette('rv', NAMED, (text) => offer(tab, text), (focus) => mark(tab, focus));
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
    confirm: make('button', { type: 'button', class: 'rv-confirm', onclick: () => confirmPage(tab) }, ''),
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
    handleKey: (event) => handleKey(tab, event),
    refresh: () => refresh(tab),
    turn: (step) => turn(tab, step),
    decide: (action) => decide(tab, action),
    chooseLabel: () => { if (shownImage(tab) && !isLoading(tab)) palette.open(); },
  };
  const undo = button('Undo (u)', () => undoOrRedo(tab, 'undo'));
  const redo = button('Redo (r)', () => undoOrRedo(tab, 'redo'));
  tab.foot.append(tab.confirm, tab.turns, undo, redo, tab.saved, tab.progress, tab.hintBox);
  const main = make('div', { class: 'rv-main' }, tab.grid, tab.side);
  tab.root.append(tab.bar, tab.keys, tab.notice, tab.heading, main, tab.foot, palette.dialog);
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

/** @param {ReviewTab} tab */
function drawBar(tab) {
  const { page, view } = tab;
  const counted = (/** @type {[string, string]} */ [kind, text]) => /** @type {[string, string]} */ (
    [kind, `${text}${page.counts[kind] === undefined ? '' : ` (${page.counts[kind]})`}`]);
  const named = (/** @type {string[]} */ names, every = 'all') => ['', ...names].map((name) => /** @type {[string, string]} */ ([name, name || every]));
  tab.bar.replaceChildren(
    choice(tab, 'kind', Object.entries(KINDS).map(counted)),
    choice(tab, 'split', named(SPLITS)),
    choice(tab, 'label', named(page.labels)),
    ...(view.kind === 'mistake' ? [choice(tab, 'predicted', named(page.labels, 'any'))] : []),
    ...(view.kind === 'label' ? [choice(tab, 'order', Object.entries(ORDERS))] : []),
    choice(tab, 'n', PAGES.map((n) => [n, n])),
    make('label', {}, 'Your name', tab.nameField));
}

/**
 * @param {ReviewTab} tab
 * @param {boolean} focus
 */
function draw(tab, focus) {
  const { page, grid, heading, side } = tab;
  const some = page.suspects.length > 0;
  drawBar(tab);
  tab.keys.textContent = keysLine(page);
  grid.classList.toggle('rv-pairs', page.kind === 'duplicate');
  grid.setAttribute('role', some ? 'grid' : 'group');  // a cell of a grid may hold buttons, an option of a list may not
  const pictures = page.suspects.map((suspect, index) => pictureOf(tab, suspect, index));
  grid.replaceChildren(make('div', { class: 'rv-row', role: some ? 'row' : undefined }, ...pictures));
  heading.textContent = page.heading;
  heading.title = page.heading;
  heading.hidden = !page.heading;
  drawConfirm(tab);
  const message = page.message ? make('div', { class: page.done ? 'bk-ok rv-done' : 'bk-note' }, page.message) : null;
  tab.notice.replaceChildren(...[message, moreButton(tab)].filter((node) => node !== null));
  tab.current = Math.max(0, page.suspects.findIndex((suspect) => suspect.image_id === tab.view.at));
  if (!some && !side.hidden) hideLarge(tab);
  side.dataset.id = '';
  refresh(tab);
  mark(tab, focus || hasFocus(tab));
}

/**
 * Returns the button that goes on where no candidate is left; null if there is nothing to go on with.
 * @param {ReviewTab} tab
 */
function moreButton(tab) {
  const { page } = tab;
  const button = (/** @type {string} */ text, /** @type {() => void} */ onclick) => make('button', { type: 'button', class: 'rv-rest', onclick }, text);
  if (page.rest) return button(`Review the other ${plural(page.rest, 'picture')} too`, () => { tab.view.rest = '1'; load(tab); });
  const past = page.set && page.total && !page.suspects.length;
  return past ? button('From the start', () => turn(tab, -page.start)) : null;
}

/** @param {ReviewTab} tab */
function drawConfirm(tab) {
  const { page, confirm, turns } = tab;
  const [first] = page.suspects;
  confirm.hidden = !first || (page.kind === 'unlabelled' && !first.predicted);
  /** @type {Record<string, string>} */
  const words = { unlabelled: 'Label the rest as proposed, next page (Enter)', deleted: 'Next page (Enter)' };
  confirm.textContent = words[page.kind] || 'Keep the rest, next page (Enter)';
  const end = page.start + page.suspects.length;
  const few = !page.set || page.total <= page.suspects.length;
  const arrow = (/** @type {string} */ text, /** @type {string} */ named, /** @type {boolean} */ disabled, /** @type {number} */ step) =>
    make('button', { type: 'button', 'aria-label': named, disabled, onclick: () => turn(tab, step) }, text);
  turns.replaceChildren(...(few || !first ? [] : [
    arrow('‹', 'earlier pictures', !page.start, -Number(tab.view.n)),
    ` ${page.start + 1} to ${end} of ${page.total} `,
    arrow('›', 'later pictures', end >= page.total, page.suspects.length)]));
  settle(tab);
}

/** @param {ReviewPage} page */
function keysLine({ kind, order, labels }) {
  const digits = order.slice(0, 9).flatMap((label, index) => (labels.includes(label) ? [`${index + 1} ${short(label)}`] : [])).join('  ');
  /** @type {Record<string, string>} */
  const rests = { duplicate: 'keep both of all the rest', unlabelled: 'label the rest as proposed', deleted: 'next page' };
  const twins = kind === 'duplicate';
  return ['arrows move', kind === 'unlabelled' ? '' : kind === 'deleted' ? 'k restore' : 'k keep', `d delete${twins ? ' left' : ''}`,
    twins ? 's delete right' : '', digits, 'l any label', 'u undo', 'r redo', 'Space large', 'E example',
    `Enter: ${rests[kind] || 'keep the rest'}`].filter(Boolean).join(' · ');
}

/** @param {ReviewTab} tab */
function refresh(tab) {
  tab.page.suspects.forEach((suspect, index) => paint(tab, suspect, index));
  showSaved(tab);
  showProgress(tab);
}

/** @param {ReviewTab} tab */
function showProgress({ page, states, progress }) {
  if (!page.progress) return;
  const here = [...states.values()].filter((known) => known.state === 'stored');
  const counted = (/** @type {string[]} */ ...actions) => here.filter((known) => actions.includes(known.action)).length;
  const decided = page.progress.decided + here.length;
  const changed = page.progress.changed + counted('relabel', 'label', 'unlabel');
  const deleted = page.progress.deleted + counted('delete', 'other');
  const trash = deleted ? make('a', { href: '?tab=review&kind=deleted' }, `${deleted} deleted`) : '0 deleted';
  progress.replaceChildren(`${decided} decided, ${changed} relabelled, `, trash, page.left ? ` · ${page.left}` : '');
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
  const entry = (/** @type {string} */ label) => ({ text: label, key: keyOf(tab, label), act: () => decide(tab, 'relabel', label) });
  const offers = [...first, ...contain].map(entry);
  if (fresh) offers.push({ ...entry(fresh), text: `New label: ${fresh}`, key: '' });
  if (!tidy(text) && suspect?.given && !suspect.twin) offers.push({ text: 'No label: remove it', key: '', act: () => decide(tab, 'unlabel') });
  return { offers, chosen: 0 };
}

/**
 * @param {ReviewTab} tab
 * @param {KeyboardEvent} event
 * @returns {boolean} whether the key was for the page
 */
function handleKey(tab, { key, repeat }) {
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
    close: () => hideLarge(tab), confirm: () => confirmPage(tab),
  };
  const now = { kind: page.kind, twin: Boolean(shownImage(tab)?.twin), large: !tab.side.hidden };
  const act = acts[reviewAction(key, now)];
  act?.();
  return Boolean(act);
}
