// The review page: a grid of suspects, decided with keys, mouse or touch. Gradio runs this once the tab is first
// open, with `element` (the component), `props` and `server` (see review.py: suspects, decide, turn, look).
// Everything is built with createElement and textContent: labels and file names are never read as HTML or code.

const KINDS = { label: 'labels in doubt', duplicate: 'near-duplicates', outlier: 'outliers', quality: 'poor pictures', unlabelled: 'without a label' };
const ORDERS = { 'out-of-fold': 'by a head that has not seen it', loss: 'by the loss of the trained model' };
const PAGES = ['20', '50', '100'];
const EVERY = '';
const NEW = '\u0000new';  // no label is called that
const view = { kind: 'label', split: EVERY, label: EVERY, order: 'out-of-fold', n: '20' };
let page = { suspects: [], labels: [], counts: {}, message: '' };
let cur = 0;
let states = new Map();   // image_id -> {action, to, state: pending | stored | failed}
let waiting = [];         // decisions that are not stored yet, in order
let working = null;       // settled once everything that waited is stored, or could not be
let news = '';            // to be told with the next page
let loading = 0;          // the last page that was asked for; older answers are dropped

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node[name] = value;
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// ---------------------------------------------------------------------------------------------- address and filters

function readAddress() {
  const asked = new URLSearchParams(location.search);
  for (const name of Object.keys(view)) if (asked.get(name)) view[name] = asked.get(name);
  if (!(view.kind in KINDS)) view.kind = 'label';
  if (!(view.order in ORDERS)) view.order = 'out-of-fold';
  if (!(Number(view.n) >= 1 && Number(view.n) <= 200)) view.n = '20';
}

function writeAddress() {
  const address = new URL(location.href);
  address.searchParams.set('tab', 'review');
  for (const [name, value] of Object.entries(view)) address.searchParams.set(name, value);
  history.replaceState(history.state, '', address);
}

function choice(name, options) {
  const entries = Object.entries(options);
  if (!(view[name] in options)) entries.push([view[name], view[name]]);
  const select = make('select', { 'aria-label': name, onchange: () => { view[name] = select.value; load(); } },
    ...entries.map(([value, text]) => make('option', { value, selected: value === view[name] || undefined }, text)));
  return make('label', {}, name === 'n' ? 'a page' : name, select);
}

function reviewer() {
  return (root.querySelector('.rv-who')?.value || '').trim() || props.reviewer;
}

// ------------------------------------------------------------------------------------------------------- the picture

function pictureOf(suspect, index) {
  const image = (one) => make('img', { src: one.url || undefined, alt: one.path, loading: 'lazy', decoding: 'async', width: 180, height: 180 });
  const pictures = suspect.twin
    ? make('div', { class: 'rv-pair' }, image(suspect), image(suspect.twin))
    : make('div', { class: 'rv-one' }, image(suspect));
  const reason = ['label', 'unlabelled'].includes(suspect.kind) ? null : make('div', { class: 'rv-reason' }, suspect.reason);
  const caption = make('figcaption', {}, make('div', { class: 'rv-labels' }, ...labelsOf(suspect)), reason,
    make('div', { class: 'rv-state', 'aria-live': 'polite' }));
  const figure = make('figure', { 'data-id': suspect.image_id, id: `rv-${index}`, role: 'option' }, pictures, caption, buttonsOf(suspect));
  figure.onclick = (event) => { if (!event.target.closest('button, select')) { cur = index; mark(); } };
  figure.ondblclick = () => { cur = index; mark(); look(); };
  return figure;
}

function labelsOf(suspect) {
  const bold = (label) => make('b', {}, label || 'no label');
  if (suspect.twin) return ['left ', bold(suspect.given), ', right ', bold(suspect.twin.given)];
  const sure = `${Math.round(100 * suspect.probability)} %`;
  if (!suspect.given) return ['predicted ', bold(suspect.predicted), ` ${sure}`];
  if (suspect.predicted === suspect.given) return ['given ', bold(suspect.given), `, predicted so ${sure}`];
  return ['given ', bold(suspect.given), ', predicted ', bold(suspect.predicted), ` ${sure}`];
}

function buttonsOf(suspect) {
  const button = (text, action, title) => make('button', { type: 'button', title, onclick: () => { cur = indexOf(suspect); decide(action); } }, text);
  const to = make('select', { 'aria-label': 'label', onchange: () => { cur = indexOf(suspect); relabel(to.value); to.value = ''; } },
    make('option', { value: '' }, 'label …'), ...page.labels.map((label) => make('option', { value: label }, label)),
    make('option', { value: NEW }, 'another label …'));
  const keep = page.kind === 'unlabelled' ? null : button(suspect.twin ? 'both' : 'keep', 'keep', 'k');
  const other = suspect.twin ? button('delete right', 'other', 's') : null;
  return make('div', { class: 'rv-buttons' }, keep, button(suspect.twin ? 'delete left' : 'delete', 'delete', 'd'), other, to);
}

function relabel(label) {
  const to = label === NEW ? (window.prompt('The label of this picture:') || '').trim() : label;
  if (to) decide('relabel', to);
  else mark();
}

function indexOf(suspect) {
  return page.suspects.indexOf(suspect);
}

function paint(suspect) {
  const figure = root.querySelector(`#rv-${indexOf(suspect)}`);
  if (!figure) return;
  const known = states.get(suspect.image_id);
  figure.dataset.state = known ? known.state : '';
  figure.dataset.action = known ? known.action : '';
  const words = { keep: 'kept', delete: 'deleted', other: 'the right one deleted', relabel: known?.to };
  const text = !known ? '' : known.state === 'failed' ? 'not stored' : words[known.action];
  figure.querySelector('.rv-state').textContent = known?.others ? `${text} (${known.others})` : text;
}

function mark(focus = true) {
  const figures = [...grid.children];
  figures.forEach((figure, index) => {
    figure.classList.toggle('cur', index === cur);
    figure.setAttribute('aria-selected', index === cur);
  });
  grid.setAttribute('aria-activedescendant', `rv-${cur}`);
  if (focus) grid.focus({ preventScroll: true });
  if (focus) figures[cur]?.scrollIntoView({ block: 'nearest' });
  if (!side.hidden) look();
}

// ----------------------------------------------------------------------------------------------------- the decisions

function busy() {
  return root.classList.contains('rv-busy');
}

function decide(action, to = null) {
  const suspect = page.suspects[cur];
  if (!suspect || busy()) return;
  const same = action === 'relabel' && to === suspect.given;  // to say so is to keep it
  send([same ? entryOf(suspect, 'keep', null) : entryOf(suspect, action, to)]);
  const next = page.suspects.findIndex((one, index) => index > cur && !states.has(one.image_id));
  if (next >= 0) cur = next;
  mark();
}

function entryOf(suspect, action, to) {
  return { suspect, action, to };
}

function send(entries, implied = false) {
  for (const { suspect, action, to } of entries) {
    states.set(suspect.image_id, { action, to, state: 'pending', before: states.get(suspect.image_id) });
    paint(suspect);
  }
  const payload = { kind: page.kind, reviewer: reviewer(), run: page.run, since: page.since, view: page.view, implied };
  waiting.push({ entries, asked: { choices: entries.map(asked), token: crypto.getRandomValues(new Uint32Array(4)).join('-'), ...payload } });
  work();
}

function work() {
  working = working || storing().finally(() => { working = null; });
  return working;
}

async function storing() {
  while (waiting.length) {
    const { entries, asked: payload } = waiting[0];
    const answer = await ask('decide', payload);
    if (answer.error) {
      setWaiting('failed');
      return complain(answer);
    }
    waiting.shift();
    for (const { suspect, action } of entries) {
      const id = action === 'other' ? suspect.twin.image_id : suspect.image_id;
      const known = states.get(suspect.image_id);
      if (known) Object.assign(known, { state: 'stored', others: answer.others[id] });
      paint(suspect);
    }
    const standing = entries.length - answer.stored.length;
    if (standing) news = `${standing} picture${standing === 1 ? '' : 's'} of that page stay${standing === 1 ? 's' : ''} as others decided meanwhile.`;
    tell();
  }
}

function waitingEntries() {
  return waiting.flatMap(({ entries }) => entries);
}

function setWaiting(state) {
  for (const { suspect } of waitingEntries()) {
    const known = states.get(suspect.image_id);
    if (known) known.state = state;
    paint(suspect);
  }
}

function back(image_id) {  // a picture as it was before its last decision
  const before = states.get(image_id)?.before;
  if (before) states.set(image_id, before);
  else states.delete(image_id);
}

function discard() {
  if (working) return;
  const entries = waitingEntries();
  waiting = [];
  for (const { suspect } of entries.reverse()) { back(suspect.image_id); paint(suspect); }
  notice.replaceChildren();
}

function asked({ suspect, action, to }) {
  if (action === 'other') return { image_id: suspect.twin.image_id, action: 'delete', to: null };
  return { image_id: suspect.image_id, action, to: action === 'keep' ? suspect.given || null : to };
}

function complain(answer) {
  const count = waitingEntries().length;
  const again = make('button', { type: 'button', onclick: () => { notice.replaceChildren(); setWaiting('pending'); work(); } }, 'Try again');
  const drop = make('button', { type: 'button', onclick: discard }, 'Discard');
  const what = count ? `${count} decision${count === 1 ? ' is' : 's are'} not stored: ` : '';
  notice.replaceChildren(make('div', { class: 'bk-bad', role: 'alert' }, `${what}${answer.error}. ${answer.hint || ''} `, ...(count ? [again, ' ', drop] : [])));
}

async function ask(name, payload) {
  try {
    return await server[name](payload) ?? { error: 'the studio gave no answer', hint: '' };
  } catch (error) {
    return { error: 'the studio does not answer', hint: 'is it still running? Nothing that was stored is lost.' };
  }
}

async function confirmPage() {
  if (busy()) return;
  const left = page.suspects.filter((suspect) => !states.has(suspect.image_id));
  const entries = left.map((suspect) => (page.kind === 'unlabelled' ? entryOf(suspect, 'relabel', suspect.predicted) : entryOf(suspect, 'keep', null)));
  if (entries.length) send(entries, true);
  await load();
}

async function turn(action) {
  if (busy()) return;
  await working;
  if (waiting.length) return;
  const answer = await ask('turn', { action, reviewer: reviewer() });
  if (answer.error) return complain(answer);
  const here = new Set(page.suspects.map((suspect) => suspect.image_id));
  if (action === 'undo' && answer.images.every((id) => here.has(id))) {
    answer.images.forEach(back);
    page.suspects.forEach(paint);
    cur = Math.max(0, page.suspects.findIndex((suspect) => suspect.image_id === answer.images[0]));
    tell();
    return mark();
  }
  await load(answer.told);
}

// ------------------------------------------------------------------------------------------------------- the big one

async function look() {
  const suspect = page.suspects[cur];
  if (!suspect) return;
  side.hidden = false;
  root.classList.add('rv-open');
  if (side.dataset.id === suspect.image_id) return;
  side.dataset.id = suspect.image_id;
  const found = await ask('look', { image_id: suspect.image_id });
  if (side.dataset.id !== suspect.image_id) return;
  if (found.error) return complain(found);
  side.replaceChildren(
    make('button', { type: 'button', class: 'rv-close', 'aria-label': 'close', onclick: hide }, '×'),
    make('img', { src: found.url, alt: found.path, class: 'rv-big' }),
    make('div', {}, make('b', {}, found.given || 'no label'), ` · ${found.split} · ${found.width} × ${found.height}`),
    make('div', { class: 'bk-quiet rv-path' }, found.path),
    make('div', {}, found.neighbours.length ? 'Most like it:' : ''),
    make('div', { class: 'rv-near' }, ...found.neighbours.map((one) => make('figure', {}, make('img', { src: one.url, alt: one.path, width: 96, height: 96 }), make('figcaption', {}, one.given || 'no label')))),
    ...found.decisions.map((row) => make('div', { class: 'bk-quiet' }, row)));
}

function hide() {
  side.hidden = true;
  side.dataset.id = '';
  root.classList.remove('rv-open');
  grid.focus({ preventScroll: true });
}

// ---------------------------------------------------------------------------------------------------------- the keys

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('select, input, button')) return;
  const columns = Math.max(1, Math.round(grid.clientWidth / (grid.firstChild?.offsetWidth || 1)));
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
  const suspect = page.suspects[cur];
  const label = /^[1-9]$/.test(event.key) ? page.labels[Number(event.key) - 1] : null;
  if (event.repeat && !step) return event.preventDefault();
  if (step) { cur = Math.min(page.suspects.length - 1, Math.max(0, cur + step)); mark(); }
  else if (event.key === 'k' && page.kind !== 'unlabelled') decide('keep');
  else if (event.key === 'd' || event.key === 'Delete') decide('delete');
  else if (event.key === 's' && suspect?.twin) decide('other');
  else if (label) decide('relabel', label);
  else if (event.key === 'l') grid.children[cur]?.querySelector('select')?.focus();
  else if (event.key === 'u') turn('undo');
  else if (event.key === 'r' || event.key === 'U') turn('redo');
  else if (event.key === ' ') side.hidden ? look() : hide();
  else if (event.key === 'Escape') hide();
  else if (event.key === 'Enter') confirmPage();
  else return;
  event.preventDefault();
}

// ---------------------------------------------------------------------------------------------------------- the page

function tell() {
  if (!page.progress) return;
  const here = [...states.values()].filter((known) => known.state === 'stored');
  const count = (...actions) => here.filter((known) => actions.includes(known.action)).length;
  const looked = page.progress.looked + here.length;
  const changed = page.progress.changed + count('relabel');
  const deleted = page.progress.deleted + count('delete', 'other');
  progress.textContent = `${looked} looked at, ${changed} relabelled, ${deleted} deleted${page.left ? ` · ${page.left}` : ''}`;
}

function keysLine() {
  const labels = page.labels.slice(0, 9).map((label, index) => `${index + 1} ${label}`).join('  ');
  const rest = page.kind === 'duplicate' ? 'Enter: keep both of all the rest' : page.kind === 'unlabelled' ? 'Enter: the rest of the page is as predicted' : 'Enter: the rest of the page is fine';
  return `arrows move · k keep · d delete${page.kind === 'duplicate' ? ' left · s delete right' : ''} · ${labels} · l other label · u undo · r redo · Space large · ${rest}`;
}

function drawBar() {
  bar.replaceChildren(
    choice('kind', Object.fromEntries(Object.entries(KINDS).map(([kind, text]) => [kind, `${text}${page.counts[kind] === undefined ? '' : ` (${page.counts[kind]})`}`]))),
    choice('split', Object.fromEntries([EVERY, 'train', 'valid', 'test'].map((name) => [name, name || 'all']))),
    choice('label', Object.fromEntries([EVERY, ...page.labels].map((name) => [name, name || 'all']))),
    ...(view.kind === 'label' ? [choice('order', ORDERS)] : []),
    choice('n', Object.fromEntries(PAGES.map((n) => [n, n]))),
    make('label', {}, 'reviewer', who));
}

function draw() {
  drawBar();
  keys.textContent = keysLine();
  grid.classList.toggle('rv-pairs', page.kind === 'duplicate');
  grid.replaceChildren(...page.suspects.map(pictureOf));
  heading.textContent = page.heading || '';
  confirm.disabled = !page.suspects.length;
  confirm.textContent = page.kind === 'unlabelled' ? 'The rest of this page is as predicted (Enter)' : 'The rest of this page is fine (Enter)';
  notice.replaceChildren(...(page.message ? [make('div', { class: page.done ? 'bk-ok rv-done' : 'bk-note' }, page.message)] : []));
  cur = 0;
  side.dataset.id = '';
  mark(element.contains(document.activeElement) || document.activeElement === document.body);
}

async function load(told = '') {
  const mine = ++loading;
  root.classList.add('rv-busy');
  await working;
  if (mine !== loading) return;
  if (waiting.length) {  // what is not stored stays on screen, and the filters show what it was
    Object.assign(view, page.asked);
    root.classList.remove('rv-busy');
    return drawBar();
  }
  writeAddress();
  const following = setInterval(async () => {
    const far = await ask('how_far', {});
    if (mine === loading && far.text && root.classList.contains('rv-busy')) heading.textContent = far.text;
  }, 700);
  const asking = { ...view };
  const answer = await ask('suspects', asking);
  clearInterval(following);
  if (mine !== loading) return;
  root.classList.remove('rv-busy');
  if (answer.error) {
    page = { suspects: [], labels: page.labels, counts: {}, message: '', kind: asking.kind, asked: asking };
    draw();
    return complain(answer);
  }
  const order = page.labels.filter((label) => answer.labels.includes(label));  // a label keeps its key
  const labels = [...order, ...answer.labels.filter((label) => !order.includes(label))];
  page = { ...answer, labels, kind: asking.kind, asked: asking };
  page.message = [news, told, page.message].filter(Boolean).join(' ');
  news = '';
  states = new Map();
  draw();
  tell();
  if (root.getBoundingClientRect().top < 0) root.scrollIntoView();  // a page begins at its top, where it says what is new
}

const who = make('input', { class: 'rv-who', 'aria-label': 'reviewer', value: localStorage.getItem('bearkit-reviewer') || props.reviewer, onchange: () => localStorage.setItem('bearkit-reviewer', who.value.trim()) });
const bar = make('div', { class: 'rv-bar' });
const keys = make('div', { class: 'rv-keys bk-quiet' });
const notice = make('div', { class: 'rv-notice' });
const progress = make('div', { class: 'rv-progress' });
const heading = make('h4', { class: 'rv-heading' });
const grid = make('div', { class: 'rv-grid', tabindex: 0, role: 'listbox', 'aria-label': 'suspects', onkeydown: pressed });
const side = make('aside', { class: 'rv-side', hidden: true });
const confirm = make('button', { type: 'button', class: 'rv-confirm', onclick: confirmPage }, '');
const undo = make('button', { type: 'button', onclick: () => turn('undo') }, 'Undo (u)');
const redo = make('button', { type: 'button', onclick: () => turn('redo') }, 'Redo (r)');
const root = make('div', { class: 'rv' }, bar, keys, notice, heading, make('div', { class: 'rv-main' }, grid, side), make('div', { class: 'rv-foot' }, confirm, undo, redo, progress));
element.replaceChildren(root);
window.addEventListener('bearkit-review', () => { if (element.isConnected && !busy()) load(); });
window.addEventListener('beforeunload', (event) => { if (waiting.length) event.preventDefault(); });
readAddress();
load();
