// The rest: how sure the proposals are, and how to accept them.

/** @import { LabelTab } from './label_types' */
/** @import { Failure } from './types' */

import { hasUnstored, undoOrRedo } from './label_decide.js';
import { make } from './dom.js';
import { allStored, hint, isLoading, showError } from './page.js';
import { failed } from './server.js';
import { plural } from './text.js';

/**
 * See `rest` of label.py.
 * @typedef {{ sentence: string, left: number, acceptable: number, accepted: number, pending: number }} Rest
 */

const AUDIT = 50;  // images of an audit
/** @type {[string, string][]} */
const LEAST = [
  ['0', 'of any probability'], ['0.5', 'of at least 50 %'], ['0.8', 'of at least 80 %'], ['0.9', 'of at least 90 %'],
  ['0.95', 'of at least 95 %'], ['0.99', 'of at least 99 %'],
];
const ABOUT_AUDIT = 'An audit shows pictures drawn at random, without proposals, so that your answers say how good the '
  + 'proposals are. “Not sure” counts as a wrong proposal.';
const ABOUT_ACCEPTED = "Accepted labels are marked as the model's. They are never used to measure errors, and the "
  + 'Review tab shows them like any other.';

/** @param {LabelTab} tab */
export async function drawRest(tab) {
  const { rest, page } = tab;
  const number = tab.loading, asked = tab.least;
  /** @type {Rest | Failure} */
  const answer = await tab.call('rest', { least: Number(asked) });
  if (number !== tab.loading || asked !== tab.least || failed(answer)) return;
  rest.hidden = (!answer.sentence && !Number(asked)) || page.empty === 'pictures';
  rest.replaceChildren(
    make('h4', {}, 'The rest'),
    make('div', { class: 'lb-sentence' }, answer.sentence || 'The model is not as sure of any picture.'),
    make('div', { class: 'lb-buttons' }, ...buttons(tab, answer)),
    make('div', { class: 'bk-quiet' }, page.audit ? ABOUT_AUDIT : ABOUT_ACCEPTED));
}

/**
 * @param {LabelTab} tab
 * @param {Rest} rest
 */
function buttons(tab, { left, acceptable, accepted, pending }) {
  const button = (/** @type {string} */ text, /** @type {() => void} */ onclick, disabled = false) =>
    make('button', { type: 'button', disabled, onclick }, text);
  const open = left && !tab.page.audit;
  const audit = pending ? `Audit: ${pending} left to label` : `Audit: label ${Math.min(AUDIT, left)} at random`;
  return [
    (left || pending) && !tab.page.audit ? button(audit, () => startAudit(tab)) : null,
    open ? button(`Accept the rest: ${plural(acceptable, 'picture')}`, () => acceptRest(tab), !acceptable) : null,
    open ? leastField(tab) : null,
    accepted ? button(`Take back the model's ${plural(accepted, 'label')}`, () => takeBack(tab)) : null,
  ];
}

/** @param {LabelTab} tab */
function leastField(tab) {
  const options = LEAST.map(([value, text]) => make('option', { value, selected: value === tab.least }, text));
  const onchange = () => { tab.least = select.value; drawRest(tab); };
  const select = make('select', { 'aria-label': 'which proposals', onchange }, ...options);
  return select;
}

/**
 * Asks the studio for a step, once all decisions are stored.
 * @template Answer
 * @param {LabelTab} tab
 * @param {string} name of the studio's function
 * @returns {Promise<Answer | null>} null if it was not done
 */
async function ask(tab, name) {
  if (isLoading(tab) || hasUnstored(tab)) return null;
  if (!await allStored(tab)) {
    hint(tab, 'This works once all decisions are saved.');
    return null;
  }
  /** @type {Answer | Failure} */
  const answer = await tab.call(name, { least: Number(tab.least) });
  if (!failed(answer)) return answer;
  showError(tab, answer);
  return null;
}

/** @param {LabelTab} tab */
async function startAudit(tab) {
  if (!await ask(tab, 'audit')) return;
  tab.view.audit = '1';
  tab.picks = [];
  tab.view.like = '';
  tab.load();
}

/** @param {LabelTab} tab */
async function acceptRest(tab) {
  /** @type {{ accepted: number } | null} */
  const answer = await ask(tab, 'accept');
  if (!answer) return;
  tab.acceptedLast = true;
  tab.outbox.countSoon();
  tab.load(`The model labelled ${plural(answer.accepted, 'picture')}. Undo (u) takes them back.`);
}

/** @param {LabelTab} tab */
async function takeBack(tab) {
  if (isLoading(tab) || hasUnstored(tab)) return;
  tab.acceptedLast = true;
  await undoOrRedo(tab, 'undo');
}
