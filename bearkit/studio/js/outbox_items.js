// The rules of the outbox: which decisions wait, which go into a request, and what the page says about them.

/** @import { Failure, Served, Step, Stored, Waiting } from './types' */

export const PREFIX = 'bearkit-waiting:';
export const BATCH = 50;  // decisions a request

/**
 * Returns the key under which this browser keeps a step.
 * @param {string} project
 * @param {string} tab the tab that made the step
 * @param {number} number of the step in its tab
 */
export function keyOf(project, tab, number) {
  return `${PREFIX}${project}:${tab}:${String(number).padStart(8, '0')}`;
}

/**
 * Returns the project and the tab of a key.
 * @param {string} key
 */
export function ownerOf(key) {
  const [project = '', tab = ''] = key.slice(PREFIX.length).split(':');
  return { project, tab };
}

/**
 * Returns a step as it waits; it carries what people call its project, for the day when this address serves another.
 * @param {string} key
 * @param {Step} step
 * @param {Served} served
 * @returns {Waiting}
 */
export function itemOf(key, step, served) {
  const named = step.project === served.project ? { ...step, called: served.called } : step;
  return { key, project: step.project, step: named, persisted: false, refused: '' };
}

/**
 * Returns a step that this browser kept; one that cannot be read counts as refused.
 * @param {string} key
 * @param {string} text
 * @returns {Waiting}
 */
export function readItem(key, text) {
  const { project } = ownerOf(key);
  try {
    const step = JSON.parse(text);
    if (Array.isArray(step.choices)) return { key, project, step, persisted: true, refused: '' };
  } catch { /* as below */ }
  const refused = 'this browser has it stored in an unreadable form';
  return { key, project, step: { choices: [], token: key }, persisted: true, refused };
}

/**
 * Returns the keys to take over: of tabs that are not open, and of steps that are not known yet.
 * @param {string[]} keys of the storage
 * @param {string} tab this one
 * @param {(string | undefined)[]} open the names of the locks of open tabs
 * @param {Waiting[]} known
 */
export function orphans(keys, tab, open, known) {
  const here = new Set(known.map((item) => item.key));
  return keys.filter((key) => {
    const owner = ownerOf(key).tab;
    return owner !== tab && !open.includes(`bearkit-${owner}`) && !here.has(key);
  });
}

/**
 * Returns the steps of the next request: the oldest that were not refused, in order.
 * @param {Waiting[]} items
 */
export function nextBatch(items) {
  return items.filter((item) => !item.refused).slice(0, BATCH);
}

/**
 * Returns which steps of a request are settled, and why the others must wait: the first that could not be stored now
 * holds up all later ones, so that their order stays.
 * @param {Waiting[]} batch
 * @param {(Stored | Failure)[]} answers
 * @returns {{ settled: [Waiting, Stored | Failure][], problem: string }}
 */
export function sortAnswers(batch, answers) {
  /** @type {[Waiting, Stored | Failure][]} */
  const settled = [];
  for (const [n, item] of batch.entries()) {
    const answer = answers[n];
    if (!answer) return { settled, problem: 'the studio does not answer' };
    if ('again' in answer && answer.again) return { settled, problem: answer.error };
    settled.push([item, answer]);
  }
  return { settled, problem: '' };
}

// ------------------------------------------------------------------------------------------------------- the messages

/** @param {number} n */
export const decisions = (n) => `${n} decision${n === 1 ? '' : 's'}`;

/**
 * Says whether decisions wait; "" before there was one.
 * @param {Waiting[]} items
 * @param {boolean} started
 */
export function summaryOf(items, started) {
  if (!started) return '';
  return items.length ? `${items.length} waiting` : 'All saved';
}

/**
 * Says what happens to steps that wait.
 * @param {Waiting[]} waiting
 */
export function waitingNote(waiting) {
  const one = waiting.length === 1;
  const [they, are] = one ? ['It', 'is'] : ['They', 'are'];
  if (waiting.every((item) => item.persisted)) return `${they} ${are} kept in this browser and sent automatically.`;
  const them = one ? 'it' : 'them';
  return `Keep this page open until ${they.toLowerCase()} ${are} saved: this browser cannot store ${them}, since its `
    + 'storage is full or blocked.';
}

/**
 * Says that steps of a project wait that this address does not serve now.
 * @param {string} called what people call the project; "" if unknown
 * @param {number} n steps
 * @param {string} origin of this page
 */
export function foreignNote(called, n, origin) {
  const of = called ? `the project “${called}”` : 'another project';
  const [waits, it] = n === 1 ? ['waits', 'it'] : ['wait', 'them'];
  return `${decisions(n)} of ${of} ${waits} in this browser. To send ${it}, open the studio of that project at this `
    + `address, ${origin}.`;
}

/**
 * Returns steps by the name of their project.
 * @param {Waiting[]} items
 */
export function byProject(items) {
  /** @type {Map<string, Waiting[]>} */
  const found = new Map();
  for (const item of items) {
    const called = item.step.called || '';
    found.set(called, [...(found.get(called) || []), item]);
  }
  return found;
}
