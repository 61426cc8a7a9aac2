// ------------------------------------------------------------------------------- the map by mouse, by touch and by keys

const spot = ({ clientX, clientY }) => {
  const box = mapCanvas.getBoundingClientRect();
  return [clientX - box.left, clientY - box.top];
};

function dotAt(point, kind) {  // the nearest dot within reach; -1 for none
  if (!dots) return -1;
  const [place = -1] = nearestDots(dots, shownDots, onMap(mapCanvas, camera, ...point), 1);
  if (place < 0) return -1;
  const [left, top] = onScreen(mapCanvas, camera, dots.x[place], dots.y[place]);
  return Math.hypot(left - point[0], top - point[1]) <= (REACH[kind] ?? REACH.touch) ? place : -1;
}

const between = ([[left, top], [right, bottom]]) => ({ middle: [(left + right) / 2, (top + bottom) / 2], apart: Math.max(10, Math.hypot(right - left, bottom - top)) });

function pointerDown(event) {
  if (event.button > 1 || !dots) return;
  event.preventDefault();
  mapCanvas.focus({ preventScroll: true });
  mapCanvas.setPointerCapture(event.pointerId);
  const point = spot(event);
  fingers.set(event.pointerId, point);
  clearTimeout(holdTimer);
  if (fingers.size === 2) gesture = { kind: 'pinch', moved: true, ...between([...fingers.values()]) };
  else gesture = { kind: event.button !== 1 && (event.shiftKey || tool === 'lasso') ? 'lasso' : 'pan', points: [point], moved: false };
  if (event.pointerType === 'touch' && fingers.size === 1) holdTimer = setTimeout(() => { gesture = { kind: 'held', moved: false }; pointAt(dotAt(point, 'touch')); }, HOLD);
}

function pointerMove(event) {
  const point = spot(event);
  if (!gesture) { if (event.pointerType === 'mouse') pointAt(dotAt(point, 'mouse')); return; }
  if (!fingers.has(event.pointerId) || gesture.kind === 'held') return;
  fingers.set(event.pointerId, point);
  if (gesture.kind === 'pinch') {
    const { middle, apart } = between([...fingers.values()]);
    drag(gesture.middle, middle);
    zoomAt(mapCanvas, camera, apart / gesture.apart, ...middle);
    Object.assign(gesture, { middle, apart });
  } else {
    const last = gesture.points.at(-1);
    gesture.moved ||= Math.hypot(point[0] - last[0], point[1] - last[1]) > TAP;
    if (!gesture.moved) return;
    clearTimeout(holdTimer);
    if (gesture.kind === 'pan') drag(last, point);
    gesture.points = gesture.kind === 'pan' ? [point] : [...gesture.points, point];
  }
  redraw();
}

function drag(from, to) {
  const scale = mapScale(mapCanvas, camera);
  moveCamera(camera, (from[0] - to[0]) / scale, (from[1] - to[1]) / scale);
}

function pointerUp(event) {
  if (!fingers.delete(event.pointerId) || !gesture) return;
  clearTimeout(holdTimer);
  const { kind, points, moved } = gesture;
  gesture = kind === 'pinch' && fingers.size ? { kind: 'held', moved: true } : null;  // the finger that is left draws no lasso
  redraw();
  if (event.type === 'pointercancel' || kind === 'pinch' || kind === 'held') return;
  if (moved && kind === 'lasso') return choosePicks(dotsInside(dots, shownDots, points.map((point) => onMap(mapCanvas, camera, ...point))));
  if (moved) return;
  const place = dotAt(points[0], event.pointerType);
  if (event.pointerType !== 'mouse' && place !== pointed) return pointAt(place);  // a second tap shows what is near
  if (place >= 0) choosePicks(near([dots.x[place], dots.y[place]]));
}

function turnWheel(event) {
  event.preventDefault();
  zoomAt(mapCanvas, camera, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...spot(event));
  redraw();
}

function zoomBy(factor) {
  const [left, top] = cursor && document.activeElement === mapCanvas ? onScreen(mapCanvas, camera, ...cursor) : [mapCanvas.clientWidth / 2, mapCanvas.clientHeight / 2];
  zoomAt(mapCanvas, camera, factor, left, top);
  redraw();
}

function fitMap() {
  Object.assign(camera, { x: 0.5, y: 0.5, zoom: 1 });
  redraw();
}

function keyOnMap(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !dots) return;
  const act = { '+': () => zoomBy(1.5), '-': () => zoomBy(1 / 1.5), Home: fitMap, Enter: () => cursor && choosePicks(near(cursor)), Escape: clearMap }[event.key];
  if (event.key in ARROWS) moveCursor(ARROWS[event.key].map((step) => step * (event.shiftKey ? 90 : 18)));
  else if (act && !(event.key === 'Enter' && (event.repeat || !cursor))) act();
  else return;
  event.preventDefault();
}

function moveCursor([right, down]) {
  const [left, top] = onScreen(mapCanvas, camera, ...(cursor || [camera.x, camera.y]));
  cursor = onMap(mapCanvas, camera, left + right, top + down).map((value) => Math.max(0, Math.min(1, value)));
  const [newLeft, newTop] = onScreen(mapCanvas, camera, ...cursor);
  if (newLeft < 20 || newTop < 20 || newLeft > mapCanvas.clientWidth - 20 || newTop > mapCanvas.clientHeight - 20) drag([right, down], [0, 0]);
  const [place = -1] = nearestDots(dots, shownDots, cursor, 1);
  pointAt(place);
  aroundCursor();
  redraw();
}

function clearMap() {  // the lasso, the cursor, the only label; then what was chosen
  const more = picks.length && !gesture && !cursor && single === null;
  for (const finger of fingers.keys()) mapCanvas.releasePointerCapture(finger);
  fingers.clear();
  gesture = cursor = single = null;
  pointed = -1;
  if (dots) { layOut(); drawLegend(); }
  if (more) backToOrder();
}

function backToOrder() {
  if (hasUnstored()) return;
  picks = [];
  load();
}

function toggleMap() {
  view.map = view.map ? '' : '1';
  writeAddress();
  drawMap();
  if (!view.map) return mark();
  mapCanvas.focus({ preventScroll: true });
  mapBox.scrollIntoView({ block: 'nearest' });
}

const toolButton = (kind, text, title) => make('button', { type: 'button', title, 'data-tool': kind, 'aria-pressed': String(tool === kind), onclick: () => chooseTool(kind) }, text);

function chooseTool(kind) {
  tool = kind;
  for (const one of mapBox.querySelectorAll('[data-tool]')) one.setAttribute('aria-pressed', one.dataset.tool === tool);
  mapCanvas.dataset.tool = tool;
}

const mapButton = make('button', { type: 'button', class: 'lb-map-switch', title: 'M: every picture as a dot', 'aria-pressed': 'false', onclick: () => toggleMap() }, 'Map');
const mapCanvas = make('canvas', { tabindex: 0, role: 'img', 'aria-label': 'map', 'data-tool': 'lasso', onpointerdown: pointerDown, onpointermove: pointerMove, onpointerup: pointerUp, onpointercancel: pointerUp,
  onpointerleave: (event) => { if (!gesture && event.pointerType === 'mouse') pointAt(-1); }, onwheel: turnWheel, onkeydown: keyOnMap, onfocus: () => redraw(), onblur: () => redraw(), oncontextmenu: (event) => event.preventDefault() });
const card = make('div', { class: 'lb-card', hidden: true });
const mapNews = make('div', { class: 'bk-quiet', role: 'status' });
const mapSays = make('div', { class: 'lb-says', role: 'status' });
const legend = make('div', { class: 'lb-legend', role: 'group', 'aria-label': 'show only one label' });
const mapBox = make('section', { class: 'lb-map', hidden: true, 'aria-label': 'map' },
  make('div', { class: 'lb-buttons' }, toolButton('lasso', 'Lasso', 'drag around pictures to label them'), toolButton('pan', 'Move', 'drag the map; with Shift: lasso'),
    make('button', { type: 'button', 'aria-label': 'zoom in', onclick: () => zoomBy(1.5) }, '+'), make('button', { type: 'button', 'aria-label': 'zoom out', onclick: () => zoomBy(1 / 1.5) }, '−'),
    make('button', { type: 'button', title: 'Home', onclick: fitMap }, 'All'), mapSays),
  make('div', { class: 'lb-canvas' }, mapCanvas, card), mapNews, legend);
new ResizeObserver(() => redraw()).observe(mapCanvas);
