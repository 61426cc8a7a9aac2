// Draws the dots of the map. They are set pixel by pixel in a typed array, so that 50,000 of them take some milliseconds on
// any machine: canvas 2D needs no graphics card. Positions are those of the map, 0 to 1. A camera says
// which part is seen: its middle x and y, its zoom, and the map's span, its width and height.

const GREATEST_ZOOM = 400;
const SUB = 4;             // places inside a pixel at which a dot may lie, along each axis: panning then moves all alike
const HOLLOW_FROM = 3;     // pixels: smaller dots have no room for a hole, and are paler instead
const PALE = 0.4;
const raster = { pixels: null, data: null, width: 0, height: 0 };
const stamps = new Map();  // of dots that were drawn: radius, kind and width -> stamp

function resizePicture(canvas) {  // one element of the array for each pixel of the screen
  const scale = Math.min(2, window.devicePixelRatio || 1);
  const [width, height] = [Math.max(1, Math.round(canvas.clientWidth * scale)), Math.max(1, Math.round(canvas.clientHeight * scale))];
  if (raster.width !== width || raster.height !== height || canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    raster.data = new ImageData(width, height);
    raster.pixels = new Uint32Array(raster.data.data.buffer);
    Object.assign(raster, { width, height });
    stamps.clear();
  }
  return scale;
}

function stampsOf(radius, kind) {  // for each place inside a pixel: (distance in the array, opacity of 256) of the pixels that a dot covers
  const key = `${radius} ${kind}`;
  if (stamps.has(key)) return stamps.get(key);
  const reach = Math.ceil(radius) + 1;
  const hole = kind === 'hollow' && radius >= HOLLOW_FROM ? radius - Math.max(1.2, radius / 3) : 0;
  const opacity = kind === 'full' ? 1 : kind === 'hollow' && hole ? 0.9 : PALE;
  const covers = (distance, within) => Math.max(0, Math.min(1, within + 0.5 - distance));
  const made = Array.from({ length: SUB * SUB }, (_, place) => {
    const parts = [];
    for (let y = -reach; y <= reach; y++) for (let x = -reach; x <= reach; x++) {
      const distance = Math.hypot(x - (place % SUB) / SUB, y - Math.floor(place / SUB) / SUB);
      const alpha = Math.round(256 * opacity * (covers(distance, radius) - (hole ? covers(distance, hole) : 0)));
      if (alpha > 4) parts.push(y * raster.width + x, alpha);
    }
    return Int32Array.from(parts);
  });
  stamps.set(key, { made, reach });
  return stamps.get(key);
}

function stampAll({ x, y }, chosen, colours, { made, reach }, at) {  // draw the dots of these indices, each in its colour (0xbbggrr)
  const { pixels, width, height } = raster;
  for (let n = 0; n < chosen.length; n++) {
    const left = (x[chosen[n]] - at.x) * at.scale + width / 2, top = (y[chosen[n]] - at.y) * at.scale + height / 2;
    const column = Math.floor(left), row = Math.floor(top);
    if (column < reach || row < reach || column >= width - reach || row >= height - reach) continue;
    const stamp = made[Math.floor((left - column) * SUB) + SUB * Math.floor((top - row) * SUB)];
    const middle = row * width + column, colour = colours[n], rb = colour & 0xff00ff, g = colour & 0x00ff00;
    for (let k = 0; k < stamp.length; k += 2) {
      const place = middle + stamp[k], alpha = stamp[k + 1], rest = 256 - alpha, under = pixels[place];
      pixels[place] = 0xff000000 | (((rb * alpha + (under & 0xff00ff) * rest) >>> 8) & 0xff00ff) | (((g * alpha + (under & 0x00ff00) * rest) >>> 8) & 0x00ff00);
    }
  }
}

function paintDots(canvas, where, layers, camera, radius) {  // layers: {chosen, colours, kind} from the lowest to the highest
  const scale = resizePicture(canvas);
  raster.pixels.fill(0xff000000 | colourOf(getComputedStyle(canvas).backgroundColor));
  const at = { x: camera.x, y: camera.y, scale: mapScale(canvas, camera) * scale };
  const wide = Math.round(4 * radius * scale) / 4;
  for (const { chosen, colours, kind } of layers) stampAll(where, chosen, colours, stampsOf(wide, kind), at);
  const context = canvas.getContext('2d');
  context.putImageData(raster.data, 0, 0);
  context.setTransform(scale, 0, 0, scale, 0, 0);  // what is drawn on top counts in CSS pixels
  return context;
}

const mapScale = (canvas, { span, zoom }) => zoom * Math.max(1, Math.min((canvas.clientWidth - 24) / span[0], (canvas.clientHeight - 24) / span[1]));  // CSS pixels of a map of width 1
const onScreen = (canvas, camera, x, y) => [(x - camera.x) * mapScale(canvas, camera) + canvas.clientWidth / 2, (y - camera.y) * mapScale(canvas, camera) + canvas.clientHeight / 2];
const onMap = (canvas, camera, left, top) => [(left - canvas.clientWidth / 2) / mapScale(canvas, camera) + camera.x, (top - canvas.clientHeight / 2) / mapScale(canvas, camera) + camera.y];

function zoomAt(canvas, camera, factor, left, top) {  // what lies at this place of the screen stays there
  const [x, y] = onMap(canvas, camera, left, top);
  camera.zoom = Math.max(1, Math.min(GREATEST_ZOOM, camera.zoom * factor));
  const [newX, newY] = onMap(canvas, camera, left, top);
  moveCamera(camera, x - newX, y - newY);
}

function moveCamera(camera, x, y) {  // never so far that the map is out of sight
  camera.x = Math.max(0, Math.min(1, camera.x + x));
  camera.y = Math.max(0, Math.min(1, camera.y + y));
}

function nearestDots({ x, y }, shown, place, n) {  // indices of the n dots nearest to a place of the map, the nearest first
  const far = Float64Array.from(shown, (index) => (x[index] - place[0]) ** 2 + (y[index] - place[1]) ** 2);
  if (n === 1) {
    let best = -1;
    for (let one = 0; one < far.length; one++) if (best < 0 || far[one] < far[best]) best = one;
    return best < 0 ? [] : [shown[best]];
  }
  const order = Uint32Array.from(far.keys()).sort((one, other) => far[one] - far[other]);
  return Array.from(order.subarray(0, n), (one) => shown[one]);
}

function dotsInside({ x, y }, shown, corners) {  // by the number of edges to the left of a dot
  const low = [Infinity, Infinity], high = [-Infinity, -Infinity];
  for (const corner of corners) for (const axis of [0, 1]) {
    low[axis] = Math.min(low[axis], corner[axis]);
    high[axis] = Math.max(high[axis], corner[axis]);
  }
  return Array.from(shown).filter((index) => {
    const [left, top] = [x[index], y[index]];
    if (left < low[0] || left > high[0] || top < low[1] || top > high[1]) return false;
    let inside = false;
    for (let n = 0, before = corners.length - 1; n < corners.length; before = n++) {
      const [[x1, y1], [x2, y2]] = [corners[n], corners[before]];
      if ((y1 > top) !== (y2 > top) && left < (x2 - x1) * (top - y1) / (y2 - y1) + x1) inside = !inside;
    }
    return inside;
  });
}

const parsed = new Map();

function colourOf(css) {  // returns a CSS colour as 0xbbggrr; grey for a text that is no colour
  if (!parsed.has(css)) {
    const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
    context.fillStyle = '#888888';
    context.fillStyle = css;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
    parsed.set(css, red | (green << 8) | (blue << 16));
  }
  return parsed.get(css);
}

function bytesOf(text) {  // of base64
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
}
