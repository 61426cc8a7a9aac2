// ------------------------------------------------------------------------- choices: what Enter will store for a picture

function choose(ids, made) {
  past.push({ choices: new Map(choices), current });
  future = [];
  for (const id of ids) choices.set(id, made);
  if (made.to) offerLabel(made.to);
  refresh();
}

function give(label) {  // to the selected pictures; with none selected, to the whole page, which is then stored
  if (isLoading() || !page.images.length) return;
  hint('');
  const made = { action: 'label', to: label };
  if (selected.size || page.audit) return chooseForSelection(made);
  if (page.images.every((image) => image.given)) return hint('Every picture here has a label: select those to change.');
  if (isEarly()) return;
  choose(page.images.filter((image) => !image.given && !choices.has(image.image_id)).map((image) => image.image_id), made);
  storePage();
}

function chooseForSelection(made) {  // in an audit, where every picture is looked at alone, none selected means the current one
  if (isLoading() || !page.images.length) return;
  const one = page.audit && !selected.size;
  if (!one && !selected.size) return hint('Select pictures first: click them, or press k.');
  hint('');
  choose(one ? [shownImage().image_id] : [...selected], made);
  selected.clear();
  const next = page.images.findIndex((image, index) => index > current && !choices.has(image.image_id));
  if (one && next >= 0) current = next;
  refresh();
  mark();
}

const setAside = () => chooseForSelection({ action: 'keep', to: null });
const remove = () => chooseForSelection({ action: 'delete', to: null });

function entries() {  // what Enter stores
  return page.images.flatMap((image) => {
    const made = choices.get(image.image_id) || (image.proposed && !image.given ? { action: 'label', to: image.proposed } : null);
    return made && !states.has(image.image_id) ? [{ image, ...made }] : [];
  });
}

function storePage() {
  if (isLoading() || !page.images.length) return;
  const made = entries();
  if (!made.length && !isSettled()) return chooseLabel();
  if (isEarly()) return;
  hint('');
  leavePicks();
  if (!made.length) return load();
  send(made);
  load();
}

const isSettled = () => states.size > 0 || page.images.every((image) => image.given);  // nothing is left to store

function leavePicks() {  // the page that was chosen on the map is done, and the next one comes
  const seen = new Set(page.images.map((image) => image.image_id.slice(0, 12)));
  const left = picks.filter((id) => !seen.has(id));
  if (picks.length && !left.length) news = 'These were all the pictures that you chose on the map.';
  picks = left;
}

function send(made) {
  const token = crypto.getRandomValues(new Uint32Array(4)).join('-');
  number += 1;
  sent.set(token, { entries: made, number });
  for (const { image, action, to } of made) states.set(image.image_id, { action, to, state: 'pending', number });
  selected.clear();
  past = [];
  future = [];
  acceptedLast = takenBack = false;
  outbox.add({
    project: page.project, kind: 'label', reviewer: reviewer(), run: null, since: page.since, view: page.view, implied: true, token,
    choices: made.map(({ image, action, to }) => ({ image_id: image.image_id, action, to })),
  });
  refresh();
}

function onOutbox({ kind, step, answer }) {  // an event of the outbox
  if (kind === 'back' && retrying) return load();
  if (kind === 'pressed') return root.offsetParent ? grid.focus({ preventScroll: true }) : undefined;
  if (kind === 'change' || kind === 'back') return refresh();
  const { entries: made = [], number: of } = sent.get(step.token) || {};
  for (const { image } of made) {
    const known = states.get(image.image_id);
    if (known?.number !== of) continue;  // it was decided again since
    if (kind === 'discarded') states.delete(image.image_id);
    else known.state = kind;
    if (kind === 'stored') known.others = answer.others?.[image.image_id];
    if (kind === 'stored' && known.to && answer.labels?.[image.image_id]) known.to = answer.labels[image.image_id];
    if (kind === 'stored' && asExamples.delete(image.image_id) && known.to) call('example', { image_id: image.image_id, label: known.to });
  }
  const unchanged = made.length - (answer?.stored?.length ?? made.length);
  if (unchanged > 0) news = `Others had already labelled ${plural(unchanged, 'picture')} of the last page; left unchanged.`;
  if (made.length && answer?.notes?.length) news = [news, `${answer.notes.join('. ')}.`].filter(Boolean).join(' ');
  refresh();
  const all = page.images.length && page.images.every((image) => states.get(image.image_id)?.state === 'stored');
  if (kind === 'stored' && all && !busy()) load();  // the page was stored later than the next one was asked for
}

function offerLabel(label) {  // until the studio has stored it, and gives it a key
  if (!page.labels.some((one) => one.label === label)) page.labels.push({ label, images: 0, key: '', description: '', colour: '', place: page.labels.length });
}

async function undoOrRedo(action) {
  if (isLoading()) return;
  const [from, to] = action === 'undo' ? [past, future] : [future, past];
  if (from.length) {  // a choice on this page, which is not stored yet
    to.push({ choices, current });
    ({ choices, current } = from.pop());
    hint('');
    refresh();
    return mark();
  }
  await outbox.settled();
  if (outbox.waiting().length) return hint(`${action === 'undo' ? 'Undo' : 'Redo'} works once all decisions are saved.`);
  const accepted = action === 'undo' ? acceptedLast : takenBack;
  const answer = await call('undo_or_redo', { action, reviewer: reviewer(), accepted });
  if (answer.error) return showError(answer);
  outbox.countSoon();
  acceptedLast = accepted && action === 'redo';
  takenBack = accepted && action === 'undo';
  load(answer.message, false, action === 'undo' && !accepted ? answer.rows : []);
}

function exceptions(rows) {  // of an undone step: what its pictures got, other than the label that most of them had
  const counts = new Map();
  for (const { action, to } of rows) if (action === 'label') counts.set(to, (counts.get(to) || 0) + 1);
  const [most] = [...counts].sort(([, one], [, other]) => other - one)[0] || [];
  const known = rows.filter(({ action }) => ['label', 'keep', 'delete'].includes(action));
  return new Map(known.filter(({ to }) => to !== most).map(({ image_id: id, action, to }) => [id, { action, to: action === 'label' ? to : null }]));
}

// ------------------------------------------------------------------------------------------------- labels by their name

function chooseLabel() {
  if (isLoading() || !page.images.length) return;
  const n = page.audit ? 1 : page.images.length;
  typed.placeholder = selected.size ? `for ${plural(selected.size, 'selected picture')}` : n === 1 ? 'for this picture' : `for all ${n} pictures`;
  openPalette();
}

function offer() {  // labels that begin so, then a new one, then labels that contain the text
  const text = tidy(typed.value);
  const sought = text.toLowerCase();
  const place = (label) => tidy(label).toLowerCase().indexOf(sought);
  const entry = ({ label, key }) => ({ text: label, key, act: () => give(label) });
  const begin = page.labels.filter(({ label }) => place(label) === 0).sort((one, other) => (other.label === text) - (one.label === text));
  const fresh = text && !page.labels.some(({ label }) => label === text) ? [{ text: `New label: ${text}`, act: () => give(text) }] : [];
  offered = [...begin.map(entry), ...fresh, ...page.labels.filter(({ label }) => place(label) > 0).map(entry)];
  chosen = text ? 0 : -1;  // Enter in an empty field must not label a whole page
  drawOffered();
}

// ---------------------------------------------------------------------------------------------------------- the keys

function handleKey(event) {
  const arrow = ['ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp'].includes(event.key);
  if (event.repeat && !arrow) return true;
  const act = {
    Enter: storePage, ' ': () => (side.hidden ? showLarge() : hideLarge()), Escape: leave, '?': showHelp, l: chooseLabel, L: likeThis, E: markExampleOnceStored,
    k: () => page.images.length && pick(current), x: setAside, d: remove, Delete: remove, u: () => undoOrRedo('undo'), M: toggleMap, r: () => undoOrRedo('redo'), U: () => undoOrRedo('redo'),
  }[event.key];
  const label = page.labels.find((one) => one.key && one.key === event.key);
  if (arrow) go(event.key, event.shiftKey);
  else if (act) act();
  else if (label) give(label.label);
  else if (/^[1-9]$/.test(event.key)) hint(`Key ${event.key} has no label yet: press l and type one.`);
  else return false;
  return true;
}

function leave() {
  if (!side.hidden) return hideLarge();
  selected.clear();
  refresh();
}

function hasUnstored() {  // returns whether there are choices that another page would lose, and says so
  const waiting = [...choices.keys()].some((id) => !states.has(id));
  if (waiting) {
    hint('Enter stores your choices first; u takes them back.');
    mark();  // so that these keys are for the grid
  }
  return waiting;
}

function likeThis() {
  if (isLoading() || !page.images.length || hasUnstored()) return;
  view.like = [...selected].at(-1) || shownImage().image_id;
  picks = [];
  view.audit = '';
  load();
}

function markExampleOnceStored() {  // a proposal is no label yet: people may give the picture another one
  const image = shownImage();
  if (!image || labelOf(image)) return markExample();
  const was = asExamples.delete(image.image_id);
  if (!was) asExamples.add(image.image_id);
  hint(was ? 'This picture will be no example.' : 'This picture becomes an example of its label when the page is stored.');
}

const KEYS = {
  Enter: 'give each picture of the page its label', '1-9': 'give a label to the selected pictures, or to the whole page', l: 'type a label, also a new one',
  'Click, k': 'select a picture that is different', 'Shift and click, Shift and arrows': 'select a range', x: 'not sure: later', d: 'delete', u: 'undo', r: 'redo',
  Arrows: 'move', Space: 'show large', L: 'show pictures like this one', E: 'use as example of its label', Esc: 'select nothing', M: 'the map: every picture as a dot', '?': 'these keys',
};
const MAP_KEYS = {
  Drag: 'draw a lasso around pictures: the grid shows them (Shift and drag, where dragging moves the map)', 'Click, Enter': 'the pictures nearest to this place', Arrows: 'move a cursor',
  'Wheel, +, −': 'zoom', Home: 'the whole map', Esc: 'no lasso, no cursor, all labels',
};

function showHelp() {
  const row = (key, ...text) => make('tr', {}, make('td', {}, key ? make('kbd', {}, key) : null), make('td', {}, ...text));
  help.replaceChildren(
    make('table', {}, ...Object.entries(KEYS).map(([key, text]) => row(key, text)),
      ...(view.map ? [make('tr', {}, make('td', { colspan: 2 }, make('b', {}, 'On the map'))), ...Object.entries(MAP_KEYS).map(([key, text]) => row(key, text))] : []),
      ...page.labels.map((one) => row(one.key, dot(one.label), ' ', make('b', {}, one.label), one.description ? `: ${one.description}` : '', examplesOf(one)))),
    make('button', { type: 'button', onclick: () => help.close() }, 'Close (Esc)'));
  help.showModal();
}

const help = make('dialog', { class: 'rv-palette lb-help', 'aria-label': 'keys', onclose: () => mark(), onclick: (event) => { if (event.target === help) help.close(); } });
