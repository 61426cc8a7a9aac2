// ----------------------------------------------------------------------- the map: every picture as a dot, and a lasso

const GONE = -32768;       // the code of a deleted picture; else: a label's place, -1 for none, -2 - place for a proposal
const TAP = 4;             // pixels that a pointer may move and still have clicked
const HOLD = 450;          // milliseconds that a finger rests until the picture under it is shown
const REACH = { mouse: 14, touch: 26 };  // pixels from the pointer in which the nearest dot counts
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
let dots = null;           // {version, x, y, ids, codes, labels, index: first 6 bytes of an id -> place}
let shownDots = [];        // places of the dots that are not faded
let layers = [];
const camera = { x: 0.5, y: 0.5, zoom: 1, span: [1, 1] };
let tool = 'lasso';        // what dragging does: lasso or pan
let single = null;         // the only label that is shown, '' for pictures without one; null for all
let picks = [];            // what was chosen on the map and is still to be looked at: the beginnings of image ids
let pointed = -1;          // the dot whose picture is shown
let cursor = null;         // [x, y] that the arrow keys move
let gesture = null;        // what the pointers do: {kind, points, from, moved}
const fingers = new Map(); // pointer -> its place on the canvas
const thumbs = new Map();  // beginning of an id -> {url, path}
let mapTimer = 0, holdTimer = 0, drawing = 0;

const idNumber = (bytes, place) => bytes.subarray(6 * place, 6 * place + 6).reduce((sum, byte) => 256 * sum + byte, 0);
const idOf = (place) => Array.from(dots.ids.subarray(6 * place, 6 * place + 6), (byte) => byte.toString(16).padStart(2, '0')).join('');
const placeOf = (id) => dots?.index.get(parseInt(id.slice(0, 12), 16)) ?? -1;
const codeOf = (label) => (label ? dots.labels.findIndex((one) => one.label === label) : -1);
const labelAt = (code) => dots.labels[code >= 0 ? code : -2 - code];

async function drawMap() {  // ask for what changed, and draw it
  clearTimeout(mapTimer);
  mapBox.hidden = !view.map || page.empty === 'pictures';
  root.classList.toggle('lb-mapped', !mapBox.hidden);
  mapButton.setAttribute('aria-pressed', !mapBox.hidden);
  if (mapBox.hidden) return;
  redraw();
  const requestNumber = loading;
  const answer = await call('map_dots', { known: dots?.version || '' });
  if (requestNumber !== loading || mapBox.hidden) return;
  if (answer.error) return mapSays.replaceChildren(`${answer.error}.`);
  if (answer.dots) unpack(answer);
  if (!dots) return;
  dots.codes = new Int16Array(bytesOf(answer.codes));
  dots.labels = answer.labels;
  mapNews.textContent = answer.news;
  if (answer.news) mapTimer = setTimeout(drawMap, 1000);
  layOut();
  drawLegend();
}

function unpack({ version, dots: packed }) {
  const bytes = bytesOf(packed), n = bytes.byteLength / 10;
  const both = new Uint16Array(bytes, 0, 2 * n), ids = new Uint8Array(bytes, 4 * n);
  const axis = (first) => Float32Array.from({ length: n }, (_, place) => both[2 * place + first] / 65535);
  dots = { version, x: axis(0), y: axis(1), ids, index: new Map(Array.from({ length: n }, (_, place) => [idNumber(ids, place), place])) };
  camera.span = [dots.x, dots.y].map((values) => Math.max(0.05, 2 * values.reduce((most, value) => Math.max(most, Math.abs(value - 0.5)), 0)));
  pointed = -1;
}

function layOut() {  // sort the dots into layers: those without a label lie lowest
  const rows = { faded: [], none: [], proposed: [], labelled: [] };
  if (single && codeOf(single) < 0) single = null;  // no picture has that label any more
  const only = single === null ? null : codeOf(single);
  for (let place = 0; place < dots.codes.length; place++) {
    const code = dots.codes[place];
    if (code === GONE) continue;
    const kind = code >= 0 ? 'labelled' : code === -1 ? 'none' : 'proposed';
    rows[only === null || only === (code < -1 ? -2 - code : code) ? kind : 'faded'].push(place);
  }
  const grey = colourOf(getComputedStyle(mapCanvas).color), hues = dots.labels.map((one) => colourOf(hueOf(one)));
  const layer = (kind, chosen, colour) => ({ kind, chosen, colours: Int32Array.from(chosen, colour) });
  layers = [layer('pale', rows.faded, () => grey), layer(dots.labels.length ? 'pale' : 'full', rows.none, () => grey),
    layer('hollow', rows.proposed, (place) => hues[-2 - dots.codes[place]]), layer('full', rows.labelled, (place) => hues[dots.codes[place]])];
  shownDots = [...rows.none, ...rows.proposed, ...rows.labelled];
  redraw();
}

function radius() {  // pixels: small where there are many dots, larger where one zooms in
  const room = Math.sqrt(mapCanvas.clientWidth * mapCanvas.clientHeight / Math.max(1, dots.codes.length));
  return Math.max(1.25, Math.min(4.5, 0.27 * room)) * Math.min(2.5, camera.zoom ** 0.35);
}

function redraw() {  // once a frame at most
  drawing ||= requestAnimationFrame(() => { drawing = 0; paintMap(); });
}

function paintMap() {
  if (!dots || !mapCanvas.clientWidth) return;
  const context = paintDots(mapCanvas, dots, layers, camera, radius());
  const ring = (place, far, width) => {
    const [left, top] = onScreen(mapCanvas, camera, dots.x[place], dots.y[place]);
    context.lineWidth = width;
    context.beginPath();
    context.arc(left, top, radius() + far, 0, 7);
    context.stroke();
  };
  context.strokeStyle = getComputedStyle(mapSays).color;
  for (const { image_id: id } of page.images) if (placeOf(id) >= 0) ring(placeOf(id), 1.5, 1.5);  // the pictures of the grid
  if (pointed >= 0) ring(pointed, 4, 2.5);
  context.lineWidth = 2;
  if (gesture?.kind === 'lasso' && gesture.moved) {
    context.setLineDash([6, 4]);
    context.stroke(new Path2D(`M${gesture.points.map((point) => point.join(' ')).join('L')}Z`));
    context.setLineDash([]);
  }
  if (cursor && document.activeElement === mapCanvas) {
    const [left, top] = onScreen(mapCanvas, camera, ...cursor);
    context.stroke(new Path2D(`M${left - 14} ${top}H${left + 14}M${left} ${top - 14}V${top + 14}`));
  }
  placeCard();
}

// --------------------------------------------------------------------------------------------- one dot, and many dots

function inWords(place) {
  const code = dots.codes[place];
  return code === -1 ? 'no label' : code >= 0 ? labelAt(code).label : `proposed: ${labelAt(code).label}`;
}

async function pointAt(place) {
  if (place === pointed) return;
  pointed = place;
  redraw();
  if (place < 0) return;
  const id = idOf(place);
  if (!thumbs.has(id)) {
    await new Promise((done) => { setTimeout(done, 60); });  // the mouse may only pass by
    if (place !== pointed) return;
    const found = await call('map_picture', { image_id: id });
    if (!found.error) thumbs.set(id, found);
  }
  redraw();
}

function placeCard() {
  const known = pointed < 0 ? null : thumbs.get(idOf(pointed));
  card.hidden = !known || Boolean(gesture?.moved);
  if (card.hidden) return;
  const [left, top] = onScreen(mapCanvas, camera, dots.x[pointed], dots.y[pointed]);
  const right = left > mapCanvas.clientWidth / 2, below = top < mapCanvas.clientHeight / 2;
  card.style.cssText = `${right ? 'right' : 'left'}: ${(right ? mapCanvas.clientWidth - left : left) + 12}px; ${below ? 'top' : 'bottom'}: ${(below ? top : mapCanvas.clientHeight - top) + 12}px`;
  if (card.dataset.id !== idOf(pointed)) card.replaceChildren(make('img', { src: known.url || undefined, alt: known.path }), make('div', {}));
  card.dataset.id = idOf(pointed);
  card.lastChild.textContent = inWords(pointed);
}

function choosePicks(places) {
  if (!places.length || isLoading() || hasUnstored()) return;
  picks = places.map(idOf);
  view.audit = view.like = '';
  load('', true);
}

const near = (place) => nearestDots(dots, shownDots, place, Number(view.many));

function aroundCursor() {  // say what lies there, for those who do not see the map
  const counts = new Map();
  for (const place of near(cursor)) counts.set(inWords(place), (counts.get(inWords(place)) || 0) + 1);
  const words = [...counts].sort(([, one], [, other]) => other - one).map(([text, n]) => `${short(text)} ${n}`);
  mapSays.textContent = `Nearest to the cursor: ${words.slice(0, 4).join(', ')}${words.length > 4 ? ' and others' : ''}. Enter shows them.`;
}

function describeMap() {
  if (!dots) return;
  const count = (test) => dots.codes.reduce((sum, code) => sum + test(code), 0);
  mapSays.textContent = `${plural(count((code) => code !== GONE), 'picture')}: ${count((code) => code >= 0)} labelled, ${count((code) => code < -1 && code !== GONE)} with a proposal, ${count((code) => code === -1)} with neither.`;
  mapCanvas.setAttribute('aria-label', `map of ${mapSays.textContent} Pictures that look alike lie together. Arrow keys move a cursor, Enter shows the pictures nearest to it.`);
}

function drawLegend() {
  const entry = (label, mark, text, ...counts) => make('button', { type: 'button', class: 'lb-only', 'aria-pressed': String(single === label), title: `show only: ${text}`, onclick: () => { single = single === label ? null : label; layOut(); drawLegend(); } },
    mark, make('span', { class: 'lb-text' }, text), make('span', { class: 'lb-count' }, counts.join(' + ')));
  const none = dots.codes.reduce((sum, code) => sum + (code === -1), 0);
  const rows = dots.labels.map((one) => entry(one.label, marked(hueOf(one)), one.label, one.labelled, ...(one.proposed ? [`${one.proposed} proposed`] : [])));
  legend.replaceChildren(...rows, ...(none ? [entry('', marked('var(--body-text-color-subdued)'), 'no label', none)] : []));
  if (!cursor) describeMap();
}
