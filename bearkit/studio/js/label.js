// The Label tab: images that belong together, labelled with keys, mouse or touch. `server` has the functions of
// label.py.

/** @import { LabelPage, LabelTab, Made } from './label_types' */
/** @import { Failure, Place, UndoneRow } from './types' */
/** @import { View } from './address_parts' */
/** @import { Outbox } from './outbox' */

import { exceptions } from './choices.js';
import { make } from './dom.js';
import { readAddress, writeAddress } from './filters.js';
import { newHelp } from './help.js';
import { give, hasUnstored, onOutbox, remove, setAside, storePage, undoOrRedo } from './label_decide.js';
import { mark } from './label_grid.js';
import { showKeys } from './label_help.js';
import { handleKey, likeThis } from './label_keys.js';
import { drawMap } from './label_map.js';
import { newMap } from './label_map_parts.js';
import { ORDERS, draw, drawBar, keyHint, refresh } from './label_page.js';
import { drawRest } from './label_rest.js';
import { toggleLarge } from './large.js';
import { findLabels } from './offers.js';
import { opened } from './outbox.js';
import {
  begin, busy, fetchPage, hasFocus, hint, isLoading, nameField, newState, reviewerOf, showError,
} from './page.js';
import { Palette } from './palette.js';
import { failed } from './server.js';
import { markWaiting } from './states.js';
import { plural, tidy } from './text.js';

const NAMED = 'label of these pictures';
const CAPTIONS = { by: 'Order', proposed: 'Only', many: 'Per page' };
const FILTERS = {
  first: { by: 'auto', proposed: '', like: '', many: '24', audit: '', map: '' },
  choices: { by: ORDERS },
  size: 'many',
};
// Milliseconds after which an empty page asks for pictures again: some are still being read, or others look at them.
/** @type {Record<string, number>} */
const READ_AGAIN = { waiting: 1500, others: 3000 };
/** @type {LabelPage} */
const EMPTY = {
  images: [], labels: [], labelled: 0, unlabelled: 0, waiting: 0, empty: 'error', order: '', proposed: null, why: '',
  project: '', audit: 0, only: '', since: 0, view: '',
};

/**
 * Opens the page of the Label tab.
 * @param {Place} place
 */
export async function open(place) {
  const tab = newTab(place, await opened);
  await begin(tab, (event) => onOutbox(tab, event), () => {
    if (busy(tab) || tab.choices.size) return;
    readAddress(tab);
    load(tab, '', true);
  });
  window.addEventListener('pagehide', () => {  // others need not wait until this page is given to them
    const images = tab.page.images.map((image) => image.image_id);
    if (images.length) tab.outbox.lastCall('label', 'give_up', { reviewer: reviewerOf(tab), images });
  });
  window.addEventListener('pageshow', (event) => {  // the browser's Back: others may have these pictures now
    if (event.persisted && !tab.choices.size) load(tab);
  });
}

/**
 * @param {Place} place
 * @param {Outbox} outbox
 * @returns {LabelTab}
 */
function newTab(place, outbox) {
  const palette = new Palette('lb', NAMED, (text) => offer(tab, text), (focus) => mark(tab, focus));
  const help = newHelp(() => mark(tab));
  /** @type {(text: string, key: string, title: string, onclick: () => void) => HTMLButtonElement} */
  const button = (text, key, title, onclick) => {
    const act = () => { onclick(); if (!document.querySelector('dialog[open]')) mark(tab); };
    return make('button', { type: 'button', title, onclick: act }, text, key ? keyHint(key) : null);
  };
  const later = button('Later', 'x', 'not sure: leave the selected pictures for later', () => setAside(tab));
  const away = button('Delete', 'd', 'delete the selected pictures', () => remove(tab));
  const large = button('Large', '', 'Space', () => toggleLarge(tab));
  const like = button('Like this', '', 'L: the pictures most like this one', () => likeThis(tab));
  const confirm = make('button', {
    type: 'button', class: 'rv-confirm', onclick: () => { storePage(tab); if (!palette.dialog.open) mark(tab); },
  }, '');
  /** @type {LabelTab} */
  const tab = {
    ...newState(place, outbox, FILTERS),
    name: 'label', area: 'lb', captions: CAPTIONS,
    page: EMPTY, mapped: false,
    anchor: 0, selected: new Set(), choices: new Map(), asExamples: new Set(), past: [], future: [], picks: [],
    least: '0', acceptedLast: false, takenBack: false,
    map: newMap(() => tab),
    root: make('div', { class: 'rv lb' }),
    nameField: nameField(),
    bar: make('div', { class: 'rv-bar' }),
    notice: make('div', { class: 'rv-notice' }),
    title: make('div', { class: 'bk-big lb-name', role: 'status' }),
    why: make('div', { class: 'bk-quiet lb-why' }),
    done: make('progress', { 'aria-label': 'labelled' }),
    count: make('span'),
    progress: make('div', { class: 'lb-progress', hidden: true }),
    hintBox: make('div', { class: 'rv-hint', role: 'status' }),
    saved: make('b', { class: 'rv-saved', role: 'status' }),
    picked: make('span', { class: 'lb-count', role: 'status' }),
    grid: make('div', {
      class: 'rv-grid', tabindex: 0, role: 'grid', 'aria-multiselectable': 'true', 'aria-label': 'pictures to label',
    }),
    side: make('aside', { class: 'rv-side', hidden: true }),
    labels: make('aside', { class: 'lb-set', 'aria-label': 'labels' }),
    main: make('div', { class: 'rv-main lb-main', hidden: true }),
    rest: make('section', { class: 'lb-rest', hidden: true, 'aria-label': 'the rest' }),
    foot: make('div', { class: 'rv-foot', hidden: true }),
    confirm, forSelection: [later, away], forPictures: [later, away, large, like],
    images: () => tab.page.images,
    labelOf: ({ image_id: id, given, proposed }) => (tab.states.get(id) || { to: given ? proposed : '' }).to ?? '',
    load: (message, focus) => load(tab, message, focus),
    loadAfterUndo: (message, rows) => load(tab, message, false, rows),
    drawBar: () => drawBar(tab),
    filtered: (name) => filtered(tab, name),
    mark: (focus) => mark(tab, focus),
    handleKey: (event) => handleKey(tab, event, help),
    refresh: () => refresh(tab),
    give: (label) => give(tab, label),
    chooseLabel: () => chooseLabel(tab, palette),
  };
  const undo = button('Undo', 'u', '', () => undoOrRedo(tab, 'undo'));
  const redo = button('Redo', 'r', '', () => undoOrRedo(tab, 'redo'));
  const keys = button('?', '', 'all keys', () => showKeys(tab, help));
  tab.progress.append(tab.done, tab.count);
  tab.main.append(tab.map.box, tab.grid, tab.side, tab.labels);
  const tools = make('div', { class: 'lb-tools' }, later, away, undo, redo, large, like, keys);
  tab.foot.append(confirm, tools, tab.picked, tab.saved, tab.hintBox);
  const top = make('div', { class: 'lb-top' }, make('div', {}, tab.title, tab.why), tab.progress);
  tab.root.append(tab.bar, tab.notice, top, tab.main, tab.foot, tab.rest, palette.dialog, help);
  return tab;
}

// ---------------------------------------------------------------------------------------------------------- the page

/**
 * Loads a page of images.
 * @param {LabelTab} tab
 * @param {string} [message] to show above them
 * @param {boolean} [focus] whether the grid gets the focus
 * @param {UndoneRow[]} [undone] the rows of an undone step: its pictures are shown again
 * @returns {Promise<void>}
 */
async function load(tab, message = '', focus = false, undone = []) {
  const more = () => ({ reviewer: reviewerOf(tab), images: undone.map((row) => row.image_id), chosen: tab.picks });
  const follow = (/** @type {string} */ text) => { tab.why.textContent = text; };
  /** @type {{ answer: LabelPage | Failure, view: View, more: ReturnType<typeof more> } | null} */
  const fetched = await fetchPage(tab, 'next_page', more, follow, () => load(tab, message));
  if (!fetched) return;
  const { answer, more: asked } = fetched;
  const number = tab.loading;
  if (!failed(answer) && isOver(tab, answer)) return load(tab, message, focus);
  tab.mapped = asked.chosen.length > 0 && !asked.images.length;
  show(tab, answer, fetched.view, exceptions(undone));
  draw(tab, [tab.news, message].filter(Boolean).join(' '));
  tab.news = '';
  if (failed(answer)) showError(tab, answer);
  mark(tab, focus || hasFocus(tab));
  tab.outbox.countSoon();
  drawRest(tab);
  drawMap(tab);
  if (tab.root.getBoundingClientRect().top < 0) tab.root.scrollIntoView();  // start at the top, where the label is
  const pause = READ_AGAIN[tab.page.empty];
  if (pause) setTimeout(() => { if (number === tab.loading && tab.root.offsetParent) load(tab); }, pause);
}

/**
 * Returns whether what was asked for has come to its end, so that other pictures are to be asked for: the audit is
 * done, or none is left of the pictures chosen on the map, since others deleted them.
 * @param {LabelTab} tab
 * @param {LabelPage} answer
 */
function isOver(tab, answer) {
  const audited = tab.view.audit && !answer.audit;
  const gone = tab.picks.length && !answer.images.length;
  if (audited) {
    tab.view.audit = '';
    tab.news = 'The audit is done: see below what it says.';
  } else if (gone) tab.picks = [];
  return Boolean(audited || gone);
}

/**
 * Takes over a new page.
 * @param {LabelTab} tab
 * @param {LabelPage | Failure} answer
 * @param {View} view that it was asked for with
 * @param {Map<string, Made>} kept choices for pictures that are shown again
 */
function show(tab, answer, view, kept) {
  if (failed(answer)) tab.page = { ...EMPTY, labels: tab.page.labels };
  else {
    tab.page = { ...EMPTY, ...answer };
    tab.view.audit = answer.audit ? '1' : '';
    tab.view.proposed = answer.only || '';
  }
  tab.request = { ...view, audit: tab.view.audit ?? '', proposed: tab.view.proposed ?? '' };
  writeAddress(tab);
  const here = new Set(tab.page.images.map((image) => image.image_id));
  tab.current = tab.anchor = 0;
  tab.selected = new Set();
  tab.choices = new Map([...kept].filter(([id]) => here.has(id)));
  if (!tab.outbox.items.length) {  // else some may still wait for their label to be stored
    for (const id of tab.asExamples) if (!here.has(id)) tab.asExamples.delete(id);
  }
  tab.past = [];
  tab.future = [];
  tab.states = new Map();
  tab.sent = new Map();
  markWaiting(tab, tab.page.images, tab.outbox.items);
  hint(tab, '');
}

/**
 * Loads the page of another filter; choices that are not stored yet come first.
 * @param {LabelTab} tab
 * @param {string} name of the filter
 */
function filtered(tab, name) {
  if (hasUnstored(tab)) {
    tab.view[name] = tab.request?.[name] ?? '';
    return drawBar(tab);
  }
  tab.view.like = '';
  tab.picks = [];
  load(tab);
}

// --------------------------------------------------------------------------------------------- labels by their name

/**
 * @param {LabelTab} tab
 * @param {Palette} palette
 */
function chooseLabel(tab, palette) {
  if (isLoading(tab) || !tab.page.images.length) return;
  const n = tab.page.audit ? 1 : tab.page.images.length;
  const selected = tab.selected.size;
  const page = n === 1 ? 'for this picture' : `for all ${n} pictures`;
  palette.open(selected ? `for ${plural(selected, 'selected picture')}` : page);
}

/**
 * Returns what the palette offers: labels that begin so, then a new one, then labels that contain the text.
 * @param {LabelTab} tab
 * @param {string} text
 */
function offer(tab, text) {
  const { begin: first, contain, fresh } = findLabels(tab.page.labels.map(({ label }) => label), text);
  const key = (/** @type {string} */ label) => tab.page.labels.find((one) => one.label === label)?.key ?? '';
  const entry = (/** @type {string} */ label) => ({ text: label, key: key(label), act: () => give(tab, label) });
  const made = fresh ? [{ ...entry(fresh), text: `New label: ${fresh}` }] : [];
  return {
    offers: [...first.map(entry), ...made, ...contain.map(entry)],
    chosen: tidy(text) ? 0 : -1,  // Enter in an empty field must not label a whole page
  };
}
