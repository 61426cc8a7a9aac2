// What the Label tab shows around its pictures.

/** @import { LabelTab } from './label_types' */
/** @import { Child } from './dom' */

import { make } from './dom.js';
import { choice } from './filters.js';
import { entries, hasUnstored, isSettled } from './label_decide.js';
import { drawPictures, paint } from './label_grid.js';
import { backToOrder } from './label_map_input.js';
import { drawLabels } from './label_set.js';
import { hideLarge } from './large.js';
import { settle, showSaved } from './page.js';
import { plural, short } from './text.js';

/** @type {Record<string, string>} */
export const ORDERS = {
  auto: 'easiest first', alike: 'look-alikes', uncertain: 'most uncertain', spread: 'uncertain and varied',
  random: 'at random',
};
const PAGES = ['12', '24', '48'];
const ONE_BY_ONE = ['random', 'chosen'];  // orders whose pictures do not look alike

/**
 * Returns a button; "type" keeps it from sending a form.
 * @param {string} text
 * @param {() => void} onclick
 */
const button = (text, onclick) => make('button', { type: 'button', onclick }, text);

/** @param {string} key */
export const keyHint = (key) => make('span', { class: 'lb-key' }, ` (${key})`);

/** @param {LabelTab} tab */
export function drawBar(tab) {
  const { page } = tab;
  /** @type {[string, string][]} */
  const proposed = page.labels.map(({ label }) => [label, `proposed: ${short(label)}`]);
  const orders = choice(tab, 'by', Object.entries(ORDERS));
  const filters = page.audit ? [] : [orders, choice(tab, 'proposed', [['', 'any label'], ...proposed])];
  const many = choice(tab, 'many', PAGES.map((n) => [n, n]));
  tab.bar.replaceChildren(...filters, many, make('label', {}, 'Your name', tab.nameField), tab.map.button);
}

/**
 * Draws the whole page.
 * @param {LabelTab} tab
 * @param {string} message to show above it
 */
export function draw(tab, message) {
  const { page, title, side } = tab;
  const some = page.images.length > 0;
  drawBar(tab);
  drawLabels(tab);
  title.textContent = some ? titleOf(tab) : '';
  title.title = page.proposed || title.textContent;
  drawWhy(tab);
  drawPictures(tab);
  tab.grid.hidden = tab.confirm.hidden = !some;
  tab.foot.hidden = page.empty === 'pictures';
  drawProgress(tab);
  const note = message ? [make('div', { class: 'bk-note' }, message)] : [];
  tab.notice.replaceChildren(...note, ...emptyState(tab));
  if (!some && !side.hidden) hideLarge(tab);
  side.dataset.id = '';
  settle(tab);
  refresh(tab);
}

/** @param {LabelTab} tab */
function titleOf({ page }) {
  if (page.audit) return 'Audit: what are they?';
  const names = [...new Set(page.images.flatMap((image) => image.proposed || []))].map(short);
  if (names.length > 3) return `${names.slice(0, 2).join(' · ')} · ${names.length - 2} more`;
  return names.join(' · ') || (ONE_BY_ONE.includes(page.order) ? 'What are they?' : 'Look-alikes: what are they?');
}

/** @param {LabelTab} tab */
function drawProgress({ page, done, count, progress, main }) {
  const { labelled, unlabelled, waiting } = page;
  const all = labelled + unlabelled + waiting;
  done.max = Math.max(1, all);
  done.value = labelled;
  const known = page.empty !== 'pictures' && page.empty !== 'error';
  const more = waiting ? ` · ${plural(waiting, 'picture')} still being read` : '';
  count.textContent = known ? `${labelled} of ${all} labelled${more}` : '';
  progress.hidden = main.hidden = !known;
}

/**
 * Says why these pictures are shown, and offers the way back.
 * @param {LabelTab} tab
 */
function drawWhy(tab) {
  const { page, picks, view, why } = tab;
  const n = page.images.length;
  const leave = (/** @type {string} */ text, /** @type {string} */ filter) =>
    button(text, () => { if (hasUnstored(tab)) return; view[filter] = ''; tab.load(); });
  const some = page.audit ? `${page.audit} left, ${page.why}: label one after the other`
    : tab.mapped && picks.length > n ? `${n} of ${plural(picks.length, 'picture')} ${page.why}`
      : `${plural(n, 'picture')}: ${page.why}`;
  const back = page.audit ? leave('Leave the audit', 'audit') : view.like ? leave('Back to the order', 'like')
    : picks.length ? button('Back to the order', () => backToOrder(tab)) : null;
  why.replaceChildren(...(n ? [some] : []), ...(back ? [' ', back] : []));
}

/**
 * Says why there are no pictures, and what comes next.
 * @param {LabelTab} tab
 */
function emptyState(tab) {
  const { page, view } = tab;
  const link = (/** @type {string} */ name, /** @type {string} */ text) => make('a', { href: `?tab=${name}` }, text);
  const again = (/** @type {string} */ text, /** @type {() => void} */ change = () => {}) =>
    button(text, () => { change(); tab.load(); });
  const unlabelled = plural(page.unlabelled, 'picture');
  /** @type {Record<string, Child[]>} */
  const rows = {
    pictures: ['There are no pictures yet. ', link('data', 'Bring pictures in on the Data tab'), '.'],
    done: ['Every picture has a label. The next step: ', link('train', 'Train'), '.'],
    waiting: [`The other ${plural(page.waiting, 'picture')} are still being read. `, again('Look again')],
    proposed: ['No picture that is left has this proposal. ', again('Show any label', () => { view.proposed = ''; })],
    audit: [`Only the ${unlabelled} of the audit are left. `,
      again('Go on with the audit', () => { view.audit = '1'; })],
    others: [`Others look at the ${unlabelled} that are left. `, again('Look again')],
  };
  const row = rows[page.empty];
  return row ? [make('div', { class: `rv-done ${page.empty === 'done' ? 'bk-ok' : 'bk-note'}` }, ...row)] : [];
}

/**
 * Says what Enter does.
 * @param {LabelTab} tab
 */
function confirmText(tab) {
  const { page } = tab;
  const made = entries(tab);
  if (!made.length && isSettled(tab)) return ['Next page', keyHint('Enter')];
  if (!made.length) return [page.audit ? 'Type its label' : 'Type their label', keyHint('l')];
  const labels = [...new Set(made.map(({ to }) => to))];
  const all = plural(page.images.length, 'picture');
  const n = made.length === page.images.length ? all : `${made.length} of ${all}`;
  if (labels.length === 1 && labels[0]) return [`${n}: ${short(labels[0])}`, keyHint('Enter')];
  return [`${made.every(({ action }) => action === 'label') ? 'Label' : 'Save'} ${n}`, keyHint('Enter')];
}

/**
 * Shows the choices, and what is stored.
 * @param {LabelTab} tab
 */
export function refresh(tab) {
  const { page, selected } = tab;
  page.images.forEach((image, index) => paint(tab, image, index));
  tab.confirm.replaceChildren(...confirmText(tab));
  for (const one of tab.forSelection) one.disabled = !selected.size && !page.audit;
  for (const one of tab.forPictures) one.hidden = !page.images.length;
  tab.picked.textContent = selected.size ? `${selected.size} selected` : '';
  showSaved(tab);
}
