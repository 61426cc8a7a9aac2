// ---------------------------------------------------------------------------------------------------------- the page

let wanted = false;   // whether a page could not be loaded: it loads once the studio is back

function reviewer() {
  return who.value.trim() || outbox.reviewer();
}

function hint(text) {
  told.textContent = text;
}

function complain(answer) {
  notice.replaceChildren(make('div', { class: 'bk-bad', role: 'alert' }, `${answer.error}. ${answer.hint || ''}`));
}

function tell() {
  if (!page.progress) return;
  const here = [...states.values()].filter((known) => known.state === 'stored');
  const counted = (...actions) => here.filter((known) => actions.includes(known.action)).length;
  const looked = page.progress.looked + here.length;
  const changed = page.progress.changed + counted('relabel', 'label', 'unlabel');
  const deleted = page.progress.deleted + counted('delete', 'other');
  progress.textContent = `${looked} decided, ${changed} relabelled, ${deleted} deleted${page.left ? ` · ${page.left}` : ''}`;
}

function keysLine() {
  const labels = page.order.slice(0, 9).flatMap((label, index) => (page.labels.includes(label) ? [`${index + 1} ${short(label)}`] : [])).join('  ');
  const rest = { duplicate: 'keep both of all the rest', unlabelled: 'label the rest as predicted' }[page.kind] || 'keep the rest';
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
    make('label', {}, 'Your name', who));
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
  cur = 0;
  if (!page.suspects.length && !side.hidden) hide();
  side.dataset.id = '';
  refreshed();
  mark(focus || element.contains(document.activeElement) || document.activeElement === document.body);
}

function drawConfirm() {
  shownAt = performance.now();
  confirm.hidden = !page.suspects.length || (page.kind === 'unlabelled' && !page.suspects[0].predicted);
  confirm.textContent = page.kind === 'unlabelled' ? 'Label the rest as predicted, next page (Enter)' : 'Keep the rest, next page (Enter)';
  confirm.disabled = true;
  const mine = loading;
  setTimeout(() => { if (mine === loading) confirm.disabled = false; }, SETTLE);
}

async function load(message = '', focus = false) {
  const mine = ++loading;
  root.classList.add('rv-busy');
  await outbox.settled();
  if (mine !== loading) return;
  writeAddress();
  const following = setInterval(async () => {
    const far = await ask('how_far', {});
    if (mine === loading && far.text && busy()) { heading.hidden = false; heading.textContent = far.text; }
  }, 700);
  const asking = { ...view };
  const answer = await ask('suspects', asking);
  clearInterval(following);
  if (mine !== loading) return;
  root.classList.remove('rv-busy');
  wanted = Boolean(answer.away);
  if (answer.away && page.asked) {  // the pictures on screen stay, and the filters match them
    Object.assign(view, page.asked);
    drawBar();
    hint(`The next page is waiting: ${answer.error}.`);
    outbox.wake();
    return setTimeout(() => { if (wanted && mine === loading && !outbox.waiting().length) load(message); }, 2000);
  }
  if (answer.error) {
    page = { suspects: [], labels: page.labels, order: page.order, counts: {}, message: '', kind: asking.kind, asked: asking };
    states = new Map();
    draw(focus);
    return complain(answer);
  }
  view.kind = answer.kind;  // without labels, the studio answers with the unlabelled pictures
  writeAddress();
  page = { ...answer, asked: { ...asking, kind: answer.kind } };
  page.message = [news, message, page.message].filter(Boolean).join(' ');
  news = '';
  states = new Map();
  sent = new Map();
  recall();
  hint('');
  draw(focus);
  outbox.countSoon();
  if (root.getBoundingClientRect().top < 0) root.scrollIntoView();  // start at the top, where the messages are
}

function recall() {  // mark the pictures whose decisions still wait in the outbox, perhaps since before a reload
  const here = new Map(page.suspects.map((suspect) => [suspect.image_id, suspect]));
  for (const { asked: about, refused } of outbox.waiting()) {
    number += 1;
    const entries = about.choices.filter((one) => here.has(one.image_id)).map(({ image_id: id, action, to }) => ({ suspect: here.get(id), action, to }));
    sent.set(about.token, { entries, number });
    for (const { suspect, action, to } of entries) states.set(suspect.image_id, { action, to, state: refused ? 'refused' : 'pending', number });
  }
}

const who = make('input', { class: 'rv-who', 'aria-label': 'Your name', onchange: () => { who.value = outbox.reviewer(who.value); } });
const bar = make('div', { class: 'rv-bar' });
const keys = make('div', { class: 'rv-keys bk-quiet' });
const notice = make('div', { class: 'rv-notice' });
const progress = make('div', { class: 'rv-progress' });
const heading = make('h4', { class: 'rv-heading' });
const told = make('div', { class: 'rv-told', role: 'status' });
const saved = make('b', { class: 'rv-saved', role: 'status' });
const grid = make('div', { class: 'rv-grid', tabindex: 0, role: 'listbox', 'aria-label': 'pictures to review' });
const side = make('aside', { class: 'rv-side', hidden: true });
const confirm = make('button', { type: 'button', class: 'rv-confirm', onclick: confirmPage }, '');
const undo = make('button', { type: 'button', onclick: () => turn('undo') }, 'Undo (u)');
const redo = make('button', { type: 'button', onclick: () => turn('redo') }, 'Redo (r)');
const foot = make('div', { class: 'rv-foot' }, confirm, undo, redo, saved, progress, told);
const root = make('div', { class: 'rv' }, bar, keys, notice, heading, make('div', { class: 'rv-main' }, grid, side), foot, palette);

async function begin() {
  outbox = window.bearkitOutbox;
  ask = outbox.asking(server);
  who.value = outbox.reviewer();
  outbox.listen(heard);
  element.replaceChildren(root);
  document.addEventListener('keydown', pressed);
  window.addEventListener('bearkit-review', () => { if (element.isConnected && !busy()) { readAddress(); load('', true); } });
  readAddress();
  await outbox.ready;
  load('', true);
}

if (window.bearkitOutbox) begin();
else window.addEventListener('bearkit-outbox', begin, { once: true });
