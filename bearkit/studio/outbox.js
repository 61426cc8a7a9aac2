// Sends decisions to the studio. They stay in this browser until the studio has stored them, so that a lost connection,
// a reload or a killed studio loses none. They are sent again automatically, in order, with the same token, under which
// the studio stores a decision only once. `server.store` is in outbox.py.

const PREFIX = 'bearkit-waiting:';
const BATCH = 50;          // decisions a request
const SOONEST = 500, LATEST = 3000, PATIENCE = 15000;  // milliseconds: shortest and longest pause, and time-out of a try
const random = () => crypto.getRandomValues(new Uint32Array(2)).join('-');
const tab = random();
const ask = asking(server, PATIENCE);
const listeners = new Set();
let items = [];            // {key, project, asked, kept, refused: reason}, in order; also those of closed tabs
let strangers = [];        // the same of projects that this address does not serve now
let served = { project: '', called: '' };
let number = 0, sending = null, timer = 0, pause = SOONEST, problem = '', started = false, headTimer = 0;
let named = '';            // the reviewer, if this browser cannot keep the name

function kept(name, value) {  // read, write or remove (null) a value of localStorage; null if it is full or blocked
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
  if (now !== undefined) named = kept('bearkit-reviewer', now.trim()) === null ? now.trim() : '';
  const name = named || (kept('bearkit-reviewer') || '').trim();
  return name || reviewer(`reviewer-${crypto.getRandomValues(new Uint16Array(1))[0].toString(16).padStart(4, '0')}`);
}

function tell(event) {
  draw();
  for (const listener of listeners) listener(event);
}

function add(asked) {
  number += 1;
  const key = `${PREFIX}${asked.project}:${tab}:${String(number).padStart(8, '0')}`;
  const item = { key, project: asked.project, asked: asked.project === served.project ? { ...asked, called: served.called } : asked };
  items.push(item);
  started = true;
  keep(item);
  tell({ kind: 'change' });
  if (!problem) work();
}

function keep(item) {
  item.kept = kept(item.key, JSON.stringify(item.asked)) !== null;
}

function work() {
  clearTimeout(timer);
  sending = sending || send().finally(() => { sending = null; });
  return sending;
}

async function send() {
  while (true) {
    const batch = items.filter((one) => !one.refused).slice(0, BATCH);
    if (!batch.length) {
      if (problem) { problem = ''; tell({ kind: 'change' }); }
      return;
    }
    const answer = await ask('store', { decisions: batch.map((one) => one.asked) });
    if (answer.error) return later(answer.error);
    const away = answer.answers.findIndex((one) => one.again);
    answer.answers.forEach((one, n) => { if (away < 0 || n < away) settle(batch[n], one); });
    if (away >= 0) return later(answer.answers[away].error);
    const was = problem;
    problem = '';
    pause = SOONEST;
    tell({ kind: was ? 'back' : 'change' });
    countSoon();
  }
}

function settle(item, answer) {
  if (answer.error) {
    item.refused = `${answer.error}. ${answer.hint || ''}`;
    return tell({ kind: 'refused', asked: item.asked });
  }
  forget(item);
  tell({ kind: 'stored', asked: item.asked, answer });
}

function forget(item) {
  items = items.filter((one) => one !== item);
  strangers = strangers.filter((one) => one !== item);
  kept(item.key, null);
}

function later(why) {
  problem = why;
  tell({ kind: 'change' });
  clearTimeout(timer);
  items.filter((one) => !one.kept).forEach(keep);  // localStorage may have room now
  timer = setTimeout(() => adopt().then(work), pause);
  pause = Math.min(2 * pause, LATEST);
}

function wake() {
  pause = SOONEST;
  adopt().then(() => { if (items.length) work(); });
}

function asking(of, patience = 0) {  // returns a function that calls a component's functions; no answer is an error too
  return async (name, payload) => {
    const late = new Promise((resolve) => { if (patience) setTimeout(() => resolve({ error: 'the studio does not answer', away: true }), patience); });
    const answer = await Promise.race([of[name](payload).catch(() => undefined), late]);  // on an error Gradio returns nothing, or throws
    return answer ?? { error: navigator.onLine ? 'the studio does not answer' : 'this browser is offline', away: true };
  };
}

// --------------------------------------------------------------------------------- decisions of other and closed tabs

async function adopt() {  // take over the decisions of closed tabs; without locks (no https), those of every other tab
  const answer = await ask('whose', {});
  if (answer.error) return;
  served = answer;
  const open = await locked();
  const known = [...items, ...strangers];
  for (const key of keys()) {
    const [project, owner] = key.slice(PREFIX.length).split(':');
    const text = owner === tab || open.includes(`bearkit-${owner}`) || known.some((one) => one.key === key) ? '' : kept(key);
    if (text) known.push({ key, project, kept: true, ...read(text, key) });
  }
  items = known.filter((one) => one.project === served.project);
  strangers = known.filter((one) => one.project !== served.project);
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
    const asked = JSON.parse(text);
    if (Array.isArray(asked.choices)) return { asked };
  } catch { /* as below */ }
  return { asked: { choices: [], token: key }, refused: 'this browser has it stored in an unreadable form' };
}

window.addEventListener('storage', (event) => {  // another tab sent or discarded a decision that this one has too
  if (event.newValue || !event.key) return;
  const item = items.find((one) => one.key === event.key);
  items = items.filter((one) => one !== item);
  strangers = strangers.filter((one) => one.key !== event.key);
  if (!item) return draw();
  tell(event.newValue === '' || item.refused ? { kind: 'discarded', asked: item.asked } : { kind: 'stored', asked: item.asked, answer: {} });
});

window.addEventListener('pagehide', () => {  // a last try: `keepalive` lets it outlive the page
  const left = items.filter((one) => !one.refused).slice(0, BATCH).map((one) => one.asked);
  const { components = [], root = '', api_prefix: prefix = '/gradio_api' } = window.gradio_config || {};
  const own = components.find((one) => one.props?.elem_id === 'outbox');
  if (!left.length || !own) return;
  const body = JSON.stringify({ data: { decisions: left }, component_id: own.id, fn_name: 'store', session_hash: tab });
  fetch(`${root}${prefix}/component_server/`, { method: 'POST', keepalive: true, headers: { 'Content-Type': 'application/json' }, body }).catch(() => {});
});

window.addEventListener('beforeunload', (event) => { if ([...items, ...strangers].some((one) => !one.kept)) event.preventDefault(); });
window.addEventListener('online', wake);
window.addEventListener('focus', () => { if (items.length) wake(); });
document.addEventListener('visibilitychange', () => { if (!document.hidden && items.length) wake(); });

// ------------------------------------------------------------------------------------------------------- the messages

function words() {
  if (!started) return '';
  return items.length ? `${items.length} waiting` : 'All saved';
}

const decisions = (n) => `${n} decision${n === 1 ? '' : 's'}`;

function draw() {
  const refused = items.filter((one) => one.refused);
  const waiting = items.filter((one) => !one.refused);
  const rows = [];
  if (waiting.length && problem) rows.push(line('bk-bad', `${decisions(waiting.length)} waiting: ${problem}. ${coming(waiting)}`, button('Try now', wake)));
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
  for (const one of buttons) row.append(' ', one);
  return row;
}

function coming(waiting) {
  const [they, are] = waiting.length === 1 ? ['It', 'is'] : ['They', 'are'];
  if (waiting.every((one) => one.kept)) return `${they} ${are} kept in this browser and sent automatically.`;
  return `Keep this page open until ${they.toLowerCase()} ${are} saved: this browser cannot store ${they === 'It' ? 'it' : 'them'}, since its storage is full or blocked.`;
}

function byProject() {
  const found = new Map();
  for (const one of strangers) {
    const called = one.asked.called || '';
    found.set(called, [...(found.get(called) || []), one]);
  }
  return found;
}

function button(text, onclick) {
  return Object.assign(document.createElement('button'), { type: 'button', className: 'bk-small', textContent: text, onclick: () => { onclick(); tell({ kind: 'pressed' }); } });
}

function again() {
  for (const item of items) item.refused = '';
  work();
}

function discard(those) {
  if (!window.confirm(`Discard ${decisions(those.length)}? This cannot be undone.`)) return;
  for (const item of those) {
    kept(item.key, '');  // an empty value tells other tabs that it was discarded, not stored
    forget(item);
    tell({ kind: 'discarded', asked: item.asked });
  }
}

function countSoon() {  // update the line above the tabs once no decision has come for a moment
  clearTimeout(headTimer);
  headTimer = setTimeout(async () => {
    const { head } = await ask('counts', {});
    const line = document.querySelector('.bk-head span');
    if (head && line && line.textContent !== head) line.textContent = head;
  }, 400);
}

element.setAttribute('role', 'status');
navigator.locks?.request(`bearkit-${tab}`, () => new Promise(() => {})).catch(() => {});  // refused where storage is blocked
window.bearkitReviewer = reviewer;
window.bearkitOutbox = {
  add, asking, words, reviewer, countSoon, wake,
  waiting: () => items,
  problem: () => problem,
  ready: adopt().then(() => (items.length ? work() : null)),
  settled: () => sending,
  listen: (listener) => listeners.add(listener),
};
window.dispatchEvent(new Event('bearkit-outbox'));
