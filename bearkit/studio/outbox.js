// Sends decisions to the studio. They stay in this browser until the studio has stored them, so that a lost connection,
// a reload or a killed studio loses none. They are sent again automatically, in order, with the same token, under which
// the studio stores a decision only once. `server.store` is in outbox.py.

const PREFIX = 'bearkit-waiting:';
const BATCH = 50;          // decisions a request
const SOONEST = 500, LATEST = 3000, PATIENCE = 15000;  // milliseconds: shortest and longest pause, and time-out of a try
const random = () => crypto.getRandomValues(new Uint32Array(2)).join('-');
const tab = random();
const call = caller(server, PATIENCE);
const listeners = new Set();
let items = [];            // {key, project, step, persisted, refused: why not}, in order; also those of closed tabs
let foreign = [];          // the same of projects that this address does not serve now
let served = { project: '', called: '' };
let number = 0, sending = null, timer = 0, pause = SOONEST, problem = '', started = false, headTimer = 0;
let named = '';            // the reviewer, if this browser cannot keep the name

function storage(name, value) {  // read, write or remove (null) a value of localStorage; null if it is full or blocked
  try {
    if (value === undefined) return localStorage.getItem(name);
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
    return value;
  } catch {
    return null;
  }
}

function reviewer(now) {
  if (now !== undefined) named = storage('bearkit-reviewer', now.trim()) === null ? now.trim() : '';
  const name = named || (storage('bearkit-reviewer') || '').trim();
  return name || reviewer(`reviewer-${crypto.getRandomValues(new Uint16Array(1))[0].toString(16).padStart(4, '0')}`);
}

function notify(event) {
  draw();
  for (const listener of listeners) listener(event);
}

function add(step) {
  number += 1;
  const key = `${PREFIX}${step.project}:${tab}:${String(number).padStart(8, '0')}`;
  const item = { key, project: step.project, step: step.project === served.project ? { ...step, called: served.called } : step };
  items.push(item);
  started = true;
  persist(item);
  notify({ kind: 'change' });
  if (!problem) flush();
}

function persist(item) {
  item.persisted = storage(item.key, JSON.stringify(item.step)) !== null;
}

function flush() {
  clearTimeout(timer);
  sending = sending || send().finally(() => { sending = null; });
  return sending;
}

async function send() {
  while (true) {
    const batch = items.filter((item) => !item.refused).slice(0, BATCH);
    if (!batch.length) {
      if (problem) { problem = ''; notify({ kind: 'change' }); }
      return;
    }
    const answer = await call('store', { decisions: batch.map((item) => item.step) });
    if (answer.error) return retryLater(answer.error);
    const away = answer.answers.findIndex((result) => result.again);
    answer.answers.forEach((result, n) => { if (away < 0 || n < away) settle(batch[n], result); });
    if (away >= 0) return retryLater(answer.answers[away].error);
    const was = problem;
    problem = '';
    pause = SOONEST;
    notify({ kind: was ? 'back' : 'change' });
    countSoon();
  }
}

function settle(item, answer) {
  if (answer.error) {
    item.refused = `${answer.error}. ${answer.hint || ''}`;
    return notify({ kind: 'refused', step: item.step });
  }
  forget(item);
  notify({ kind: 'stored', step: item.step, answer });
}

function forget(item) {
  items = items.filter((other) => other !== item);
  foreign = foreign.filter((other) => other !== item);
  storage(item.key, null);
}

function retryLater(reason) {
  problem = reason;
  notify({ kind: 'change' });
  clearTimeout(timer);
  items.filter((item) => !item.persisted).forEach(persist);  // localStorage may have room now
  timer = setTimeout(() => adopt().then(flush), pause);
  pause = Math.min(2 * pause, LATEST);
}

function wake() {
  pause = SOONEST;
  adopt().then(() => { if (items.length) flush(); });
}

function caller(functions, patience = 0) {  // returns a function that calls a component's functions; no answer is an error too
  return async (name, payload) => {
    const late = new Promise((resolve) => { if (patience) setTimeout(() => resolve({ error: 'the studio does not answer', away: true }), patience); });
    const answer = await Promise.race([functions[name](payload).catch(() => undefined), late]);  // on an error Gradio returns nothing, or throws
    return answer ?? { error: navigator.onLine ? 'the studio does not answer' : 'this browser is offline', away: true };
  };
}

// --------------------------------------------------------------------------------- decisions of other and closed tabs

async function adopt() {  // take over the decisions of closed tabs; without locks (no https), those of every other tab
  const answer = await call('project_name', {});
  if (answer.error) return;
  served = answer;
  const open = await locked();
  const known = [...items, ...foreign];
  for (const key of keys()) {
    const [project, owner] = key.slice(PREFIX.length).split(':');
    const text = owner === tab || open.includes(`bearkit-${owner}`) || known.some((item) => item.key === key) ? '' : storage(key);
    if (text) known.push({ key, project, persisted: true, ...read(text, key) });
  }
  items = known.filter((item) => item.project === served.project);
  foreign = known.filter((item) => item.project !== served.project);
  started = started || items.length > 0;
  draw();
}

function keys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).sort();
  } catch {
    return [];
  }
}

async function locked() {  // the names of open tabs
  const found = await navigator.locks?.query().catch(() => null);
  return found ? found.held.map((lock) => lock.name) : [];
}

function read(text, key) {
  try {
    const step = JSON.parse(text);
    if (Array.isArray(step.choices)) return { step };
  } catch { /* as below */ }
  return { step: { choices: [], token: key }, refused: 'this browser has it stored in an unreadable form' };
}

window.addEventListener('storage', (event) => {  // another tab sent or discarded a decision that this one has too
  if (event.newValue || !event.key) return;
  const item = items.find((item) => item.key === event.key);
  items = items.filter((other) => other !== item);
  foreign = foreign.filter((item) => item.key !== event.key);
  if (!item) return draw();
  notify(event.newValue === '' || item.refused ? { kind: 'discarded', step: item.step } : { kind: 'stored', step: item.step, answer: {} });
});

window.addEventListener('pagehide', () => {  // a last try
  const left = items.filter((item) => !item.refused).slice(0, BATCH).map((item) => item.step);
  if (left.length) lastCall('outbox', 'store', { decisions: left });
});

function lastCall(part, name, payload) {  // calls a function of a component while the page closes: `keepalive` lets it outlive the page
  const { components = [], root = '', api_prefix: prefix = '/gradio_api' } = window.gradio_config || {};
  const own = components.find((component) => component.props?.elem_id === part);
  if (!own) return;
  const body = JSON.stringify({ data: payload, component_id: own.id, fn_name: name, session_hash: tab });
  fetch(`${root}${prefix}/component_server/`, { method: 'POST', keepalive: true, headers: { 'Content-Type': 'application/json' }, body }).catch(() => {});
}

window.addEventListener('beforeunload', (event) => { if ([...items, ...foreign].some((item) => !item.persisted)) event.preventDefault(); });
window.addEventListener('online', wake);
window.addEventListener('focus', () => { if (items.length) wake(); });
document.addEventListener('visibilitychange', () => { if (!document.hidden && items.length) wake(); });

// ------------------------------------------------------------------------------------------------------- the messages

function summary() {
  if (!started) return '';
  return items.length ? `${items.length} waiting` : 'All saved';
}

const decisions = (n) => `${n} decision${n === 1 ? '' : 's'}`;

function draw() {
  const refused = items.filter((item) => item.refused);
  const waiting = items.filter((item) => !item.refused);
  const rows = [];
  if (waiting.length && problem) rows.push(line('bk-bad', `${decisions(waiting.length)} waiting: ${problem}. ${waitingNote(waiting)}`, button('Try now', wake)));
  if (refused.length) rows.push(line('bk-bad', `${decisions(refused.length)} not saved: ${refused[0].refused}`, button('Try again', again), button('Discard', () => discard(refused))));
  for (const [called, theirs] of byProject()) {
    const of = called ? `the project “${called}”` : 'another project';
    const text = `${decisions(theirs.length)} of ${of} wait${theirs.length === 1 ? 's' : ''} in this browser. To send ${theirs.length === 1 ? 'it' : 'them'}, open the studio of that project at this address, ${location.origin}.`;
    rows.push(line('bk-note', text, button('Discard', () => discard(theirs))));
  }
  element.replaceChildren(...rows);
}

function line(kind, text, ...buttons) {
  const row = Object.assign(document.createElement('div'), { className: `bk-line ${kind}`, textContent: text });
  row.append(...buttons.flatMap((node) => [' ', node]));
  return row;
}

function waitingNote(waiting) {
  const [they, are] = waiting.length === 1 ? ['It', 'is'] : ['They', 'are'];
  if (waiting.every((item) => item.persisted)) return `${they} ${are} kept in this browser and sent automatically.`;
  return `Keep this page open until ${they.toLowerCase()} ${are} saved: this browser cannot store ${they === 'It' ? 'it' : 'them'}, since its storage is full or blocked.`;
}

function byProject() {
  const found = new Map();
  for (const item of foreign) {
    const called = item.step.called || '';
    found.set(called, [...(found.get(called) || []), item]);
  }
  return found;
}

function button(text, onclick) {
  return Object.assign(document.createElement('button'), { type: 'button', className: 'bk-small', textContent: text, onclick: () => { onclick(); notify({ kind: 'pressed' }); } });
}

function again() {
  for (const item of items) item.refused = '';
  flush();
}

function discard(those) {
  if (!window.confirm(`Discard ${decisions(those.length)}? This cannot be undone.`)) return;
  for (const item of those) {
    storage(item.key, '');  // an empty value tells other tabs that it was discarded, not stored
    forget(item);
    notify({ kind: 'discarded', step: item.step });
  }
}

function countSoon() {  // update the line above the tabs, and their names, once no decision has come for a moment
  clearTimeout(headTimer);
  headTimer = setTimeout(async () => {
    const { head } = await call('counts', {});
    trigger('counted');
    const line = document.querySelector('.bk-head span');
    if (!head || !line) return;
    const now = Object.assign(document.createElement('span'), { innerHTML: head });  // escaped by html.counts
    if (!line.isEqualNode(now)) line.replaceWith(now);  // so that a link that has the focus keeps it
  }, 400);
}

element.setAttribute('role', 'status');
navigator.locks?.request(`bearkit-${tab}`, () => new Promise(() => {})).catch(() => {});  // refused where storage is blocked
window.bearkitReviewer = reviewer;
window.bearkitOutbox = {
  add, caller, lastCall, summary, reviewer, countSoon, wake,
  waiting: () => items,
  problem: () => problem,
  ready: adopt().then(() => (items.length ? flush() : null)),
  settled: () => sending,
  listen: (listener) => listeners.add(listener),
};
window.dispatchEvent(new Event('bearkit-outbox'));
