// ---------------------------------------------------------------------------------------------------------- the page

let retrying = false;   // whether a page could not be loaded; it loads once the studio answers again

function showProgress() {
  if (!page.progress) return;
  const here = [...states.values()].filter((known) => known.state === 'stored');
  const counted = (...actions) => here.filter((known) => actions.includes(known.action)).length;
  const decided = page.progress.decided + here.length;
  const changed = page.progress.changed + counted('relabel', 'label', 'unlabel');
  const deleted = page.progress.deleted + counted('delete', 'other');
  progress.textContent = `${decided} decided, ${changed} relabelled, ${deleted} deleted${page.left ? ` · ${page.left}` : ''}`;
}

function keysLine() {
  const labels = page.order.slice(0, 9).flatMap((label, index) => (page.labels.includes(label) ? [`${index + 1} ${short(label)}`] : [])).join('  ');
  const rest = { duplicate: 'keep both of all the rest', unlabelled: 'label the rest as proposed' }[page.kind] || 'keep the rest';
  return ['arrows move', page.kind === 'unlabelled' ? '' : 'k keep', `d delete${page.kind === 'duplicate' ? ' left' : ''}`, page.kind === 'duplicate' ? 's delete right' : '',
    labels, 'l any label', 'u undo', 'r redo', 'Space large', `Enter: ${rest}`].filter(Boolean).join(' · ');
}

function drawBar() {
  const counted = ([kind, text]) => [kind, `${text}${page.counts[kind] === undefined ? '' : ` (${page.counts[kind]})`}`];
  bar.replaceChildren(
    choice('kind', Object.fromEntries(Object.entries(KINDS).map(counted))),
    choice('split', Object.fromEntries([EVERY, 'train', 'valid', 'test'].map((name) => [name, name || 'all']))),
    choice('label', Object.fromEntries([EVERY, ...page.labels].map((name) => [name, name || 'all']))),
    ...(view.kind === 'label' ? [choice('order', ORDERS)] : []),
    choice('n', Object.fromEntries(PAGES.map((n) => [n, n]))),
    make('label', {}, 'Your name', nameField));
}

function draw(focus) {
  drawBar();
  keys.textContent = keysLine();
  grid.classList.toggle('rv-pairs', page.kind === 'duplicate');
  grid.replaceChildren(...page.suspects.map(pictureOf));
  heading.textContent = page.heading || '';
  heading.title = heading.textContent;
  heading.hidden = !page.heading;
  drawConfirm();
  const more = page.rest ? make('button', { type: 'button', class: 'rv-rest', onclick: () => { view.rest = '1'; load(); } }, `Review the other ${plural(page.rest, 'picture')} too`) : null;
  notice.replaceChildren(...(page.message ? [make('div', { class: page.done ? 'bk-ok rv-done' : 'bk-note' }, page.message)] : []), ...(more ? [more] : []));
  current = 0;
  if (!page.suspects.length && !side.hidden) hideLarge();
  side.dataset.id = '';
  refresh();
  mark(focus || element.contains(document.activeElement) || document.activeElement === document.body);
}

function drawConfirm() {
  shownAt = performance.now();
  confirm.hidden = !page.suspects.length || (page.kind === 'unlabelled' && !page.suspects[0].predicted);
  confirm.textContent = page.kind === 'unlabelled' ? 'Label the rest as proposed, next page (Enter)' : 'Keep the rest, next page (Enter)';
  confirm.disabled = true;
  const requestNumber = loading;
  setTimeout(() => { if (requestNumber === loading) confirm.disabled = false; }, SETTLE);
}

async function load(message = '', focus = false) {
  const requestNumber = ++loading;
  root.classList.add('rv-busy');
  await outbox.settled();
  if (requestNumber !== loading) return;
  writeAddress();
  const request = { ...view };
  const answer = await callWithProgress('suspects', request, (text) => { if (requestNumber === loading && busy()) { heading.hidden = false; heading.textContent = text; } });
  if (requestNumber !== loading) return;
  root.classList.remove('rv-busy');
  retrying = Boolean(answer.away);
  if (answer.away && page.request) {  // the pictures on screen stay, and the filters match them
    Object.assign(view, page.request);
    drawBar();
    hint(`The next page is waiting: ${answer.error}.`);
    outbox.wake();
    return setTimeout(() => { if (retrying && requestNumber === loading && !outbox.waiting().length) load(message); }, 2000);
  }
  if (answer.error) {
    page = { suspects: [], labels: page.labels, order: page.order, counts: {}, message: '', kind: request.kind, request };
    states = new Map();
    draw(focus);
    return showError(answer);
  }
  view.kind = answer.kind;  // without labels, the studio answers with the unlabelled pictures
  writeAddress();
  page = { ...answer, request: { ...request, kind: answer.kind } };
  page.message = [news, message, page.message].filter(Boolean).join(' ');
  news = '';
  states = new Map();
  sent = new Map();
  markWaiting();
  hint('');
  draw(focus);
  outbox.countSoon();
  if (root.getBoundingClientRect().top < 0) root.scrollIntoView();  // start at the top, where the messages are
}

function markWaiting() {  // mark the pictures whose decisions still wait in the outbox, perhaps since before a reload
  const here = new Map(page.suspects.map((suspect) => [suspect.image_id, suspect]));
  for (const { step, refused } of outbox.waiting()) {
    number += 1;
    const entries = step.choices.filter((one) => here.has(one.image_id)).map(({ image_id: id, action, to }) => ({ suspect: here.get(id), action, to }));
    sent.set(step.token, { entries, number });
    for (const { suspect, action, to } of entries) states.set(suspect.image_id, { action, to, state: refused ? 'refused' : 'pending', number });
  }
}

const nameField = make('input', { class: 'rv-name', 'aria-label': 'Your name', onchange: () => { nameField.value = outbox.reviewer(nameField.value); } });
const bar = make('div', { class: 'rv-bar' });
const keys = make('div', { class: 'rv-keys bk-quiet' });
const notice = make('div', { class: 'rv-notice' });
const progress = make('div', { class: 'rv-progress' });
const heading = make('h4', { class: 'rv-heading' });
const hintBox = make('div', { class: 'rv-hint', role: 'status' });
const saved = make('b', { class: 'rv-saved', role: 'status' });
const grid = make('div', { class: 'rv-grid', tabindex: 0, role: 'listbox', 'aria-label': 'pictures to review' });
const side = make('aside', { class: 'rv-side', hidden: true });
const confirm = make('button', { type: 'button', class: 'rv-confirm', onclick: confirmPage }, '');
const undo = make('button', { type: 'button', onclick: () => undoOrRedo('undo') }, 'Undo (u)');
const redo = make('button', { type: 'button', onclick: () => undoOrRedo('redo') }, 'Redo (r)');
const foot = make('div', { class: 'rv-foot' }, confirm, undo, redo, saved, progress, hintBox);
const root = make('div', { class: 'rv' }, bar, keys, notice, heading, make('div', { class: 'rv-main' }, grid, side), foot, palette);

async function begin() {
  outbox = window.bearkitOutbox;
  call = outbox.caller(server);
  nameField.value = outbox.reviewer();
  outbox.listen(onOutbox);
  element.replaceChildren(root);
  document.addEventListener('keydown', onKey);
  window.addEventListener('bearkit-review', () => { if (element.isConnected && !busy()) { nameField.value = outbox.reviewer(); readAddress(); load('', true); } });
  readAddress();
  await outbox.ready;
  load('', true);
}

if (window.bearkitOutbox) begin();
else window.addEventListener('bearkit-outbox', begin, { once: true });
