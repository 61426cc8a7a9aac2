// The grid of the Data tab: all pictures of the project. `server` has the functions of pictures.py.

/** @import { DataTab, PicturePage } from './data_types' */
/** @import { Failure, Place } from './types' */
/** @import { Outbox } from './outbox' */

import { decide, followOutbox, targets, undoOrRedo } from './data_decide.js';
import { drawGrid, fill, mark, partInSight, scrolled, take } from './data_grid.js';
import { go, handleKey, likeThis, offer } from './data_keys.js';
import { KEYS, SHOWN, SORTS, SPLITS, draw, drawBar, refresh } from './data_page.js';
import { followPointer } from './data_pointer.js';
import { make } from './dom.js';
import { pushAddress, readAddress, writeAddress } from './filters.js';
import { topToSee } from './grid_window.js';
import { newHelp, showHelp } from './help.js';
import { hideLarge, showLarge } from './large.js';
import { opened } from './outbox.js';
import { begin, fetchPage, hint, nameField, newState, showError, shownImage } from './page.js';
import { Palette } from './palette.js';
import { failed } from './server.js';
import { markWaiting } from './states.js';
import { plural } from './text.js';

const TYPING = 250;  // milliseconds without a key after which a text is searched for
const CAPTIONS = { show: 'Show', named: 'Label', part: 'Split', source: 'Source', sort: 'Sort' };
const FILTERS = {
  first: { show: '', named: '', part: '', source: '', find: '', sort: '', near: '', picture: '' },
  choices: { show: SHOWN, part: SPLITS, sort: SORTS },
};
/** @type {PicturePage} */
const EMPTY = {
  images: [], start: 0, total: 0, all: 0, place: -1, labels: [], unlabelled: 0, sources: [], deleted: 0, version: '',
  project: '', since: 0,
};

/**
 * Opens the grid.
 * @param {Place} place
 */
export async function open(place) {
  const tab = newTab(place, await opened);
  await begin(tab, (event) => {
    if (event.kind === 'back' && tab.retrying) load(tab);
    else if ('step' in event) followOutbox(tab, event);
    refresh(tab);
  }, () => { if (tab.root.isConnected) reopen(tab); });
  new ResizeObserver(() => resized(tab)).observe(tab.canvas);
  new ResizeObserver(() => keepInPage(tab)).observe(tab.element);
}

/**
 * Takes the grid out of the page while another tab is open: this is the first tab, and would stay in every page.
 * @param {DataTab} tab
 */
function keepInPage(tab) {
  const shown = tab.element.offsetParent !== null;
  if (shown === tab.root.isConnected) return;
  if (!shown) return tab.root.remove();
  tab.width = 0;  // so that it is drawn again
  tab.element.append(tab.root);
  reopen(tab);
}

/**
 * Shows the tab again, perhaps with other filters in the address.
 * @param {DataTab} tab
 */
function reopen(tab) {
  const { picture: _, ...before } = tab.view;
  readAddress(tab);
  const { picture: __, ...now } = tab.view;
  load(tab, '', JSON.stringify(before) !== JSON.stringify(now));
}

/**
 * @param {Place} place
 * @param {Outbox} outbox
 * @returns {DataTab}
 */
function newTab(place, outbox) {
  const palette = new Palette('dt', 'label of these pictures', (text) => offer(tab, text), (focus) => mark(tab, focus));
  const help = newHelp(() => mark(tab));
  /** @type {(text: string, title: string, onclick: () => void) => HTMLButtonElement} */
  const button = (text, title, onclick) => make('button', { type: 'button', title, onclick }, text);
  const forSome = [
    button('Label …', 'l', () => tab.chooseLabel()), button('No label', 'remove the label', () => decide(tab, 'unlabel')),
    button('Delete', 'd', () => decide(tab, 'delete')), button('Restore', 'R', () => decide(tab, 'keep')),
    button('Like this', 'L: sort by likeness to this picture', () => likeThis(tab)),
  ];
  const [,, away, restore] = /** @type {HTMLButtonElement[]} */ (forSome);
  const select = button('Select', 'k', () => { tab.selecting = !tab.selecting; tab.selected.clear(); refresh(tab); });
  /** @type {DataTab} */
  const tab = {
    ...newState(place, outbox, FILTERS),
    name: 'data', area: 'dt', captions: CAPTIONS,
    page: EMPTY, loaded: [], asked: new Set(), rows: new Map(), selected: new Set(), selecting: false, anchor: 0, width: 0, top: 0,
    layout: { columns: 1, cell: 1, row: 1, gap: 0, height: 0 },
    root: make('div', { class: 'rv dt' }),
    nameField: nameField(),
    search: make('input', { type: 'search', 'aria-label': 'Search', placeholder: 'Search label, file or address' }),
    bar: make('div', { class: 'rv-bar dt-bar' }),
    menus: make('div', { class: 'dt-menus' }),
    count: make('b', { class: 'dt-count', role: 'status' }),
    notice: make('div', { class: 'rv-notice' }),
    hintBox: make('div', { class: 'rv-hint', role: 'status' }),
    saved: make('b', { class: 'rv-saved', role: 'status' }),
    picked: make('span', { class: 'lb-count', role: 'status' }),
    grid: make('div', {
      class: 'dt-grid', tabindex: 0, role: 'grid', 'aria-multiselectable': 'true', 'aria-label': 'pictures',
    }),
    canvas: make('div', { class: 'dt-canvas', role: 'presentation' }),
    side: make('aside', { class: 'rv-side', hidden: true, 'aria-label': 'the open picture' }),
    tools: make('div', { class: 'lb-tools' }),
    foot: make('div', { class: 'rv-foot' }),
    forSome, buttons: { select, remove: /** @type {HTMLButtonElement} */ (away), restore: /** @type {HTMLButtonElement} */ (restore) },
    stored: () => place.events.decided?.(),
    images: () => tab.loaded,
    labelOf: ({ image_id: id, label }) => {
      const known = tab.states.get(id);
      return known && known.action !== 'keep' && known.action !== 'delete' ? known.to ?? '' : label;
    },
    load: (message) => load(tab, message),
    drawBar: () => drawBar(tab),
    filtered: (name) => filtered(tab, name),
    mark: (focus) => mark(tab, focus),
    handleKey: (event) => handleKey(tab, event, help),
    refresh: () => refresh(tab),
    step: (by) => go(tab, tab.current + by),
    onLarge: (id) => onLarge(tab, id),
    chooseLabel: () => {
      const ids = targets(tab);
      if (ids.length) palette.open(`for ${plural(ids.length, 'picture')}`);
      else decide(tab, 'label');  // which says what is missing
    },
  };
  tab.search.oninput = () => searchSoon(tab);
  tab.search.onkeydown = ({ key }) => { if (key === 'Enter') mark(tab); };
  tab.grid.append(tab.canvas);
  tab.grid.onscroll = () => scrolled(tab);
  followPointer(tab);
  tab.tools.append(select, ...forSome, button('Undo', 'u', () => undoOrRedo(tab, 'undo')),
    button('Redo', 'r', () => undoOrRedo(tab, 'redo')), button('?', 'all keys', () => showHelp(help, KEYS)));
  tab.bar.append(tab.search, tab.count, tab.menus);
  tab.tools.append(tab.picked);
  tab.foot.append(tab.tools, tab.saved, tab.hintBox);
  const main = make('div', { class: 'rv-main' }, tab.grid, tab.side);
  tab.root.append(tab.bar, tab.notice, main, tab.foot, palette.dialog, help);
  return tab;
}

// ------------------------------------------------------------------------------------------------------- the pictures

/**
 * Reads the pictures in sight, and how many there are.
 * @param {DataTab} tab
 * @param {string} [message]
 * @param {boolean} [anew] whether the filters changed, so that the grid begins at its start
 * @returns {Promise<void>}
 */
async function load(tab, message = '', anew = false) {
  const first = !tab.request;
  const at = tab.view.picture || (anew ? '' : shownImage(tab)?.image_id ?? '');
  const more = () => ({ ...(anew || first ? { start: 0, n: 100 } : partInSight(tab)), at });
  const follow = (/** @type {string} */ text) => { tab.count.textContent = text; };
  /** @type {{ answer: PicturePage | Failure } | null} */
  const fetched = await fetchPage(tab, 'pictures', more, follow, () => load(tab));
  if (!fetched) return;
  const { answer } = fetched;
  tab.request = { ...tab.view };
  if (message) hint(tab, message);
  if (failed(answer)) return showError(tab, answer);
  tab.page = answer;
  tab.loaded = [];
  tab.asked.clear();
  tab.states = new Map();
  tab.sent = new Map();
  const waiting = tab.outbox.items.flatMap(({ step }) => step.choices);
  markWaiting(tab, waiting.map((one) => ({ ...one, path: '', url: null, label: '', name: '', deleted: false })),
    tab.outbox.items);
  take(tab, answer);
  if (anew) tab.grid.scrollTop = tab.top = 0;
  const last = Math.max(0, answer.total - 1);
  tab.current = answer.place >= 0 ? answer.place : anew ? 0 : Math.min(tab.current, last);
  draw(tab);
  drawGrid(tab);
  fill(tab);
  showOpened(tab, answer.place >= 0);
}

/**
 * Shows the picture that the address names; none, if it names none or one that does not fit.
 * @param {DataTab} tab
 * @param {boolean} fits
 */
function showOpened(tab, fits) {
  const { view, side } = tab;
  if (view.picture && fits) {
    const { layout, grid, current } = tab;
    grid.scrollTop = topToSee(layout, current, grid.scrollTop, grid.clientHeight);
    scrolled(tab);
    showLarge(tab);
  } else {
    view.picture = '';
    writeAddress(tab);
    if (!side.hidden) hideLarge(tab);
  }
  mark(tab, document.activeElement === tab.grid);
}

/**
 * Reads the pictures of other filters.
 * @param {DataTab} tab
 * @param {string} name of the filter that changed; "" for all filters, which are taken away
 */
function filtered(tab, name) {
  const { view } = tab;
  if (!name) Object.assign(view, FILTERS.first);
  if (view.sort === 'likeness') view.near = name === 'sort' ? shownImage(tab)?.image_id ?? '' : view.near ?? '';
  else view.near = '';
  tab.selected.clear();
  hint(tab, '');
  pushAddress(tab);
  load(tab, '', true);
}

/** @param {DataTab} tab */
function searchSoon(tab) {
  clearTimeout(tab.typing);
  tab.typing = setTimeout(() => {
    if ((tab.view.find ?? '') === tab.search.value.trim()) return;
    tab.view.find = tab.search.value.trim();
    tab.selected.clear();
    load(tab, '', true);
  }, TYPING);
}

/** @param {DataTab} tab */
function resized(tab) {
  const { layout, grid, canvas } = tab;
  if (!canvas.clientWidth || canvas.clientWidth === tab.width) return;  // drawing changes the height
  tab.width = canvas.clientWidth;
  const first = Math.round(tab.top / layout.row) * layout.columns;
  const near = tab.side.hidden ? first : tab.current;
  drawGrid(tab);
  grid.scrollTop = tab.side.hidden ? Math.floor(near / tab.layout.columns) * tab.layout.row
    : topToSee(tab.layout, near, grid.scrollTop, grid.clientHeight);
  scrolled(tab);
}

/**
 * Keeps the open picture in the address: Back closes it.
 * @param {DataTab} tab
 * @param {string} id "" if none is open
 */
function onLarge(tab, id) {
  const before = tab.view.picture;
  if (before === id) return;
  tab.view.picture = id;
  if (id && !before) pushAddress(tab, true);
  else if (!id && history.state?.large) history.back();
  else writeAddress(tab);
  refresh(tab);
}
