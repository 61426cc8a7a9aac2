// The lines above the tabs about decisions that are not stored yet.

/** @import { Waiting } from './types' */

import { make } from './dom.js';
import { byProject, decisions, foreignNote, waitingNote } from './outbox_items.js';

/**
 * What the buttons do.
 * @typedef {object} Acts
 * @property {() => void} now sends them
 * @property {() => void} again sends those that were refused
 * @property {(items: Waiting[]) => void} discard
 */

/**
 * Returns the lines.
 * @param {{ items: Waiting[], foreign: Waiting[], problem: string }} outbox
 * @param {Acts} acts
 */
export function linesOf({ items, foreign, problem }, { now, again, discard }) {
  const refused = items.filter((item) => item.refused);
  const waiting = items.filter((item) => !item.refused);
  const lines = [];
  if (waiting.length && problem) {
    const text = `${decisions(waiting.length)} waiting: ${problem}. ${waitingNote(waiting)}`;
    lines.push(line('bk-bad', text, button('Try now', now)));
  }
  if (refused[0]) {
    const text = `${decisions(refused.length)} not saved: ${refused[0].refused}`;
    lines.push(line('bk-bad', text, button('Try again', again), button('Discard', () => discard(refused))));
  }
  for (const [called, theirs] of byProject(foreign)) {
    const text = foreignNote(called, theirs.length, location.origin);
    lines.push(line('bk-note', text, button('Discard', () => discard(theirs))));
  }
  return lines;
}

/**
 * @param {string} kind
 * @param {string} text
 * @param {...HTMLButtonElement} buttons
 */
function line(kind, text, ...buttons) {
  return make('div', { class: `bk-line ${kind}` }, text, ...buttons.flatMap((node) => [' ', node]));
}

/**
 * @param {string} text
 * @param {() => void} onclick
 */
function button(text, onclick) {
  return make('button', { type: 'button', class: 'bk-small', onclick }, text);
}
