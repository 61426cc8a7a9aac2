// The preprocessing of bearkit (bearkit/images/preprocessing.py) in the browser. A file gives the same numbers as there,
// except for differences in decoding. It resizes as Pillow does: horizontally, then vertically, rounding to bytes between.

const MAX_ASPECT = 8; // longer pictures are cropped to their middle

const FILTERS = {
  bilinear: { support: 1, at: (x) => (Math.abs(x) < 1 ? 1 - Math.abs(x) : 0) },
  bicubic: {
    support: 2,
    at: (x) => {
      const a = -0.5, d = Math.abs(x);
      if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
      return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
    },
  },
  lanczos: { support: 3, at: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

// Turn a picture file into a normalised float32 array of shape [3, size, size].
export async function preprocess(blob, config) {
  const size = config.input_size[1];
  const { pixels, width, height, box } = await centerCrop(blob, size, Math.floor(size / config.crop_pct));
  const crop = resize(pixels, width, height, box, size, FILTERS[config.interpolation]);
  const input = new Float32Array(3 * size * size);
  for (let channel = 0; channel < 3; channel++) {
    const scale = 1 / (255 * config.std[channel]), shift = config.mean[channel] / config.std[channel];
    for (let i = 0; i < size * size; i++) input[channel * size * size + i] = crop[3 * i + channel] * scale - shift;
  }
  return input;
}

// The pixels around the center crop, and the crop's box in them: [left, top, right, bottom], in pixels.
// `shorter` is the length of the resized picture's shorter side.
async function centerCrop(blob, size, shorter) {
  // upright, and without colour conversion, as Pillow decodes
  const image = await createImageBitmap(blob, { imageOrientation: "from-image", colorSpaceConversion: "none" });
  let { width, height } = image;
  let factor = 1; // large pictures are drawn smaller, but at least four times as large as needed
  while (Math.floor(Math.min(width, height) / (2 * factor)) >= 4 * shorter && factor < 8) factor *= 2;
  width = Math.ceil(width / factor), height = Math.ceil(height / factor);
  const limit = MAX_ASPECT * Math.min(width, height);
  const x0 = Math.max(0, Math.floor((width - limit) / 2)), y0 = Math.max(0, Math.floor((height - limit) / 2));
  const w = Math.min(width, limit), h = Math.min(height, limit);
  const long = Math.floor((shorter * Math.max(w, h)) / Math.min(w, h));
  const [across, down] = w <= h ? [shorter, long] : [long, shorter];
  const sx = w / across, sy = h / down; // pixels of the picture for each pixel of the resized one
  const left = roundEven((across - size) / 2) * sx, top = roundEven((down - size) / 2) * sy;
  const right = left + size * sx, bottom = top + size * sy;
  const mx = Math.ceil(4 * Math.max(sx, 1)), my = Math.ceil(4 * Math.max(sy, 1)); // the reach of the filter beyond the crop
  const cx = Math.max(0, Math.floor(left) - mx), cy = Math.max(0, Math.floor(top) - my);
  const cw = Math.min(w, Math.ceil(right) + mx) - cx, ch = Math.min(h, Math.ceil(bottom) + my) - cy;
  const canvas = document.createElement("canvas");
  canvas.width = cw, canvas.height = ch;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white"; // behind transparent pixels
  context.fillRect(0, 0, cw, ch);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, (x0 + cx) * factor, (y0 + cy) * factor, cw * factor, ch * factor, 0, 0, cw, ch);
  image.close();
  const pixels = context.getImageData(0, 0, cw, ch).data;
  return { pixels, width: cw, height: ch, box: [left - cx, top - cy, right - cx, bottom - cy] };
}

function roundEven(x) { // halves to even, as Python rounds
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (low % 2) : Math.round(x);
}

// For each output pixel: the index of its first input pixel, and the weights of its input pixels.
function coefficients(length, from, to, size, filter) {
  const scale = (to - from) / size, wide = Math.max(scale, 1), support = filter.support * wide;
  return Array.from({ length: size }, (_, i) => {
    const centre = from + (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(length, Math.trunc(centre + support + 0.5));
    const weights = Array.from({ length: end - start }, (_, k) => filter.at((k + start - centre + 0.5) / wide));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { start, weights: weights.map((weight) => weight / sum) };
  });
}

// Resize the box of an RGBA picture to an RGB square.
function resize(rgba, width, height, box, size, filter) {
  const across = coefficients(width, box[0], box[2], size, filter);
  const down = coefficients(height, box[1], box[3], size, filter);
  const rows = new Uint8ClampedArray(height * size * 3); // rounds and clips between the passes, as Pillow does
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < size; x++) {
      const { start, weights } = across[x];
      let r = 0, g = 0, b = 0;
      for (let k = 0, at = 4 * (y * width + start); k < weights.length; k++, at += 4) {
        const weight = weights[k];
        r += rgba[at] * weight, g += rgba[at + 1] * weight, b += rgba[at + 2] * weight;
      }
      const to = 3 * (y * size + x);
      rows[to] = r, rows[to + 1] = g, rows[to + 2] = b;
    }
  }
  const result = new Uint8ClampedArray(size * size * 3);
  for (let y = 0; y < size; y++) {
    const { start, weights } = down[y];
    for (let x = 0; x < 3 * size; x++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += rows[(start + k) * size * 3 + x] * weights[k];
      result[y * size * 3 + x] = sum;
    }
  }
  return result;
}
