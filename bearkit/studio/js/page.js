// What the grids of all tabs share: a new page, and what must hold before a key counts.

/** @import { Call, Failure, GridTab, OutboxEvent, PagedTab, PageImage, Place, State } from './types' */
/** @import { Filters, View } from './address_parts' */
/** @import { Outbox } from './outbox' */

import { make } from './dom.js';
import { readAddress, writeAddress } from './filters.js';
import { followKeys } from './keys.js';
import { reviewer } from './reviewer.js';
import { caller } from './server.js';

/** @typedef {GridTab<any>} AnyTab */

const SETTLE = 1000;  // milliseconds that a page is shown before Enter stores it: nobody can check a page in less
const FOLLOW = 700, RETRY = 2000;  // milliseconds between two questions about a slow task; between two tries to load a page

/**
 * Returns the state that a tab begins with.
 * @param {Place} place
 * @param {Outbox} outbox
 * @param {Filters} filters
 */
export function newState({ element, server }, outbox, filters) {
  return {
    element, outbox, filters,
    call: caller(server),
    view: { ...filters.first },
    /** @type {View | null} */
    request: null,
    current: 0,
    states: new Map(),
    number: 0,
    sent: new Map(),
    news: '',
    loading: 0,
    retrying: false,
    shownAt: 0,
  };
}

/** Returns a field for the reviewer's name. */
export function nameField() {
  const field = make('input', { class: 'rv-name', 'aria-label': 'Your name' });
  field.onchange = () => { field.value = reviewer(field.value); };
  return field;
}

/**
 * Shows the page, and again whenever its tab opens.
 * @param {AnyTab} tab
 * @param {(event: OutboxEvent) => void} onOutbox
 * @param {() => void} reopen
 */
export async function begin(tab, onOutbox, reopen) {
  tab.nameField.value = reviewer();
  tab.outbox.listen(onOutbox);
  tab.element.replaceChildren(tab.root);
  followKeys(tab);
  window.addEventListener(`bearkit-${tab.name}`, () => {
    if (!tab.element.isConnected) return;
    tab.nameField.value = reviewer();
    reopen();
  });
  readAddress(tab);
  await tab.outbox.ready;
  tab.load('', true);
}

/** @param {AnyTab} tab */
export function busy(tab) {
  return tab.root.classList.contains('rv-busy');
}

/** @param {AnyTab} tab */
export function reviewerOf(tab) {
  return tab.nameField.value.trim() || reviewer();
}

/**
 * @param {AnyTab} tab
 * @param {string} text
 */
export function hint(tab, text) {
  tab.hintBox.textContent = text;
}

/**
 * @param {AnyTab} tab
 * @param {Failure} failure
 */
export function showError(tab, failure) {
  const text = `${failure.error}. ${failure.hint || ''}`;
  tab.notice.replaceChildren(make('div', { class: 'bk-bad', role: 'alert' }, text));
}

/**
 * Says whether decisions wait.
 * @param {AnyTab} tab
 */
export function showSaved(tab) {
  tab.root.classList.toggle('rv-away', Boolean(tab.outbox.problem));
  tab.saved.textContent = tab.outbox.summary();
  tab.saved.dataset.state = tab.outbox.items.length ? 'waiting' : '';
}

/**
 * Returns the state of a decision; "waiting" while the studio cannot be reached.
 * @param {AnyTab} tab
 * @param {State} known
 */
export function stateOf({ outbox }, known) {
  return known.state === 'pending' && outbox.problem ? 'waiting' : known.state;
}

/**
 * Returns the current picture; undefined if there is none.
 * @template {PageImage} Image
 * @param {GridTab<Image>} tab
 */
export function shownImage(tab) {
  return tab.images()[tab.current];
}

/**
 * Scrolls to a picture: above the bar at the bottom, and on a narrow screen above the large picture.
 * @param {AnyTab} tab
 * @param {HTMLElement | null | undefined} figure
 */
export function scrollIntoSight({ root, foot, side }, figure) {
  if (!figure) return;
  root.style.setProperty('--rv-foot', `${foot.offsetHeight}px`);
  const large = getComputedStyle(side).position === 'fixed' ? side.offsetHeight : 0;
  figure.style.scrollMarginBottom = `${foot.offsetHeight + large + 8}px`;
  figure.scrollIntoView({ block: 'nearest' });
}

/**
 * Returns whether keys belong to this page: it has the focus, or nothing has it.
 * @param {AnyTab} tab
 */
export function hasFocus(tab) {
  return tab.element.contains(document.activeElement) || document.activeElement === document.body;
}

// -------------------------------------------------------------------------------------------------------- a new page

/**
 * Asks for a new page.
 * @template Answer, More
 * @param {AnyTab} tab
 * @param {string} name of the studio's function
 * @param {() => More} more of the request than the filters
 * @param {(text: string) => void} follow shows the progress of a slow task
 * @param {() => unknown} again loads the page again
 * @returns {Promise<{ answer: Answer | Failure, view: View, more: More } | null>} the answer, and what was asked; null
 *   if another page was asked for since, or if the studio is away and the page on the screen stays
 */
export async function fetchPage(tab, name, more, follow, again) {
  const number = ++tab.loading;
  tab.root.classList.add('rv-busy');
  await tab.outbox.settled();
  if (number !== tab.loading) return null;
  writeAddress(tab);
  const view = { ...tab.view }, asked = more();
  if (!tab.request) follow('Reading the pictures …');
  /** @type {Answer | Failure} */
  const answer = await callWithProgress(tab.call, name, { ...view, ...asked }, (text) => {
    if (number === tab.loading && busy(tab)) follow(text);
  });
  if (number !== tab.loading) return null;
  tab.root.classList.remove('rv-busy');
  const away = isAway(answer);
  tab.retrying = Boolean(away);
  if (!away || !tab.request) return { answer, view, more: asked };
  Object.assign(tab.view, tab.request);  // the pictures on screen stay, and the filters match them
  tab.drawBar();
  hint(tab, `The next page is waiting: ${away.error}.`);
  tab.outbox.wake();
  setTimeout(() => { if (tab.retrying && number === tab.loading && !tab.outbox.items.length) again(); }, RETRY);
  return null;
}

/**
 * @param {unknown} answer
 * @returns {Failure | null}
 */
function isAway(answer) {
  const failure = /** @type {Failure} */ (answer);
  return failure.away ? failure : null;
}

/**
 * Calls a function of the studio, and `show` with the progress of a slow task, such as computing features.
 * @template Answer
 * @param {Call} call
 * @param {string} name
 * @param {object} request
 * @param {(text: string) => void} show
 * @returns {Promise<Answer | Failure>}
 */
async function callWithProgress(call, name, request, show) {
  const following = setInterval(async () => {
    /** @type {{ text?: string } | Failure} */
    const far = await call('progress', {});
    if ('text' in far && far.text) show(far.text);
  }, FOLLOW);
  /** @type {Answer | Failure} */
  const answer = await call(name, request);
  clearInterval(following);
  return answer;
}

/**
 * Lets Enter store the page once it was shown for a moment.
 * @param {PagedTab<any>} tab
 */
export function settle(tab) {
  tab.shownAt = performance.now();
  tab.confirm.disabled = true;
  const number = tab.loading;
  setTimeout(() => { if (number === tab.loading) tab.confirm.disabled = false; }, SETTLE);
}

/**
 * Returns whether a page is on its way, and says so.
 * @param {AnyTab} tab
 */
export function isLoading(tab) {
  if (busy(tab)) hint(tab, 'Ignored: the next page is still loading.');
  return busy(tab);
}

/**
 * Returns whether the page is too new to be stored, and says so.
 * @param {AnyTab} tab
 */
export function isEarly(tab) {
  const early = performance.now() - tab.shownAt < SETTLE;
  if (early) hint(tab, 'Look at the page first: Enter works after one second.');
  return early;
}

/**
 * Waits until the outbox has sent everything.
 * @param {AnyTab} tab
 * @returns {Promise<boolean>} false if decisions still wait
 */
export async function allStored(tab) {
  await tab.outbox.settled();
  return !tab.outbox.items.length;
}

/**
 * Says why a step cannot be undone or redone now: it would overtake a decision.
 * @param {'undo' | 'redo'} action
 */
export function notYet(action) {
  return `${action === 'undo' ? 'Undo' : 'Redo'} works once all decisions are saved.`;
}
