// Decisions on their way to the studio. They are kept in this browser until the studio has stored them, so that neither
// a lost connection nor a reload nor a killed studio loses one; they are sent again by themselves, in order, with the
// same token, under which the ledger stores a decision once. `server.store` is in outbox.py.

const PREFIX = 'bearkit-waiting:';
const BATCH = 50;          // decisions a request
const SOONEST = 500, LATEST = 3000, PATIENCE = 15000;  // milliseconds between two tries, and that one may take
const random = () => crypto.getRandomValues(new Uint32Array(2)).join('-');
const tab = random();
const ask = asking(server, PATIENCE);
const listeners = new Set();
let items = [];            // {key, asked, refused: why}, in order; also those of tabs that were closed
let number = 0, sending = null, timer = 0, pause = SOONEST, problem = '', durable = true, started = false, headTimer = 0;

function kept(name, value) {  // localStorage may be full, or forbidden
  try {
    if (value === undefined) return localStorage.getItem(name);
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
    return value;
  } catch {
    durable = false;
    return null;
  }
}

function reviewer() {
  const name = (kept('bearkit-reviewer') || '').trim();
  if (name) return name;
  const drawn = `reviewer-${crypto.getRandomValues(new Uint16Array(1))[0].toString(16).padStart(4, '0')}`;
  kept('bearkit-reviewer', drawn);
  return drawn;
}

function tell(event) {
  draw();
  for (const listener of listeners) listener(event);
}

function add(asked) {
  number += 1;
  const key = `${PREFIX}${asked.project}:${tab}:${String(number).padStart(8, '0')}`;
  items.push({ key, asked });
  started = true;
  kept(key, JSON.stringify(asked));
  tell({ kind: 'change' });
  if (!problem) work();
}

function work() {
  clearTimeout(timer);
  sending = sending || send().finally(() => { sending = null; });
  return sending;
}

async function send() {
  while (true) {
    const batch = items.filter((one) => !one.refused).slice(0, BATCH);
    if (!batch.length) return;
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
  kept(item.key, null);
}

function later(why) {
  problem = why;
  tell({ kind: 'change' });
  clearTimeout(timer);
  timer = setTimeout(work, pause);
  pause = Math.min(2 * pause, LATEST);
}

function wake() {
  pause = SOONEST;
  adopt().then(() => { if (items.length) work(); });
}

function asking(of, patience = 0) {  // asks a component's functions; what does not answer is an error like any other
  return async (name, payload) => {
    const late = new Promise((resolve) => { if (patience) setTimeout(() => resolve({ error: 'the studio does not answer', away: true }), patience); });
    const answer = await Promise.race([of[name](payload).catch(() => undefined), late]);  // Gradio gives nothing, or throws
    return answer ?? { error: navigator.onLine ? 'the studio does not answer' : 'this browser is offline', away: true };
  };
}

// ------------------------------------------------------------------------------------ what other tabs and times left

async function adopt() {  // what tabs left that are closed by now; without locks (no https), of every other tab
  const { project } = await ask('whose', {});
  if (!project) return;
  const locks = navigator.locks ? (await navigator.locks.query()).held.map((lock) => lock.name) : [];
  for (const key of Object.keys(localStorage).sort()) {
    const [of, owner] = key.startsWith(PREFIX) ? key.slice(PREFIX.length).split(':') : [];
    if (of !== project || owner === tab || locks.includes(`bearkit-${owner}`) || items.some((one) => one.key === key)) continue;
    const asked = kept(key);
    if (asked) { items.push({ key, asked: JSON.parse(asked) }); started = true; }
  }
}

window.addEventListener('storage', (event) => {  // another tab sent one that is ours, too
  const item = event.newValue === null && items.find((one) => one.key === event.key);
  if (!item) return;
  items = items.filter((one) => one !== item);
  tell(item.refused ? { kind: 'discarded', asked: item.asked } : { kind: 'stored', asked: item.asked, answer: {} });
});

window.addEventListener('pagehide', () => {  // one last try, which may outlive the page
  const left = items.filter((one) => !one.refused).slice(0, BATCH).map((one) => one.asked);
  const { components = [], root = '', api_prefix: prefix = '/gradio_api' } = window.gradio_config || {};
  const own = components.find((one) => one.props?.elem_id === 'outbox');
  if (!left.length || !own) return;
  const body = JSON.stringify({ data: { decisions: left }, component_id: own.id, fn_name: 'store', session_hash: tab });
  fetch(`${root}${prefix}/component_server/`, { method: 'POST', keepalive: true, headers: { 'Content-Type': 'application/json' }, body }).catch(() => {});
});

window.addEventListener('beforeunload', (event) => { if (items.length && !durable) event.preventDefault(); });
window.addEventListener('online', wake);
window.addEventListener('focus', () => { if (items.length) wake(); });
document.addEventListener('visibilitychange', () => { if (!document.hidden && items.length) wake(); });

// -------------------------------------------------------------------------------------------------- what one is told

function words() {
  if (!started) return '';
  return items.length ? `${items.length} waiting` : 'All saved';
}

function draw() {
  const refused = items.filter((one) => one.refused);
  const waiting = items.length - refused.length;
  const lines = [];
  if (waiting && problem) lines.push(`${waiting} decision${waiting === 1 ? '' : 's'} waiting: ${problem}. ${waiting === 1 ? 'It is' : 'They are'} kept in this browser and sent by ${waiting === 1 ? 'itself' : 'themselves'}.`);
  if (refused.length) lines.push(`${refused.length} decision${refused.length === 1 ? '' : 's'} not stored: ${refused[0].refused}`);
  const rows = lines.map((line) => Object.assign(document.createElement('div'), { className: 'bk-bad', textContent: `${line} ` }));
  if (waiting && problem) rows[0].append(button('Try now', wake));
  if (refused.length) rows.at(-1).append(button('Try again', again), ' ', button('Discard', discard));
  element.replaceChildren(...rows);
}

function button(text, onclick) {
  return Object.assign(document.createElement('button'), { type: 'button', className: 'bk-small', textContent: text, onclick: () => { onclick(); tell({ kind: 'pressed' }); } });
}

function again() {
  for (const item of items) item.refused = '';
  work();
}

function discard() {
  for (const item of items.filter((one) => one.refused)) {
    forget(item);
    tell({ kind: 'discarded', asked: item.asked });
  }
}

function countSoon() {  // the line above the tabs, once nothing is under way
  clearTimeout(headTimer);
  headTimer = setTimeout(async () => {
    const { head } = await ask('counts', {});
    const line = document.querySelector('.bk-head span');
    if (head && line && line.textContent !== head) line.textContent = head;
  }, 400);
}

element.setAttribute('role', 'status');
if (navigator.locks) navigator.locks.request(`bearkit-${tab}`, () => new Promise(() => {}));
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
