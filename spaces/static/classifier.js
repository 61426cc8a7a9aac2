// A bearkit model in the browser. It predicts as bearkit's Predictor does; the golden images check that at the start.
import * as ort from "./ort.mjs";
import { preprocess } from "./preprocess.js";

const TOLERANCE = 0.05; // as a share of the largest golden logit: onnxruntime rounds differently in browsers

ort.env.wasm.wasmPaths = { wasm: new URL("./ort.wasm", import.meta.url).href };
ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;

// Load the model. `onProgress` gets the share that is downloaded, or null if the size is not known.
// Throws if this browser's outputs for the golden images differ from the expected ones.
export async function load(onProgress = () => {}) {
  const about = await (await fetchFile("model.json")).json();
  const bytes = await download(await fetchFile("model.onnx"), onProgress);
  const session = await ort.InferenceSession.create(bytes, { extra: { session: { disable_quant_qdq: "1" } } });
  const model = new Classifier(about, session);
  for (const golden of about.golden) {
    const { logits } = await model.run(await (await fetchFile(golden.picture)).blob());
    const difference = Math.max(...golden.logits.map((expected, i) => Math.abs(expected - logits[i])));
    if (!(difference <= TOLERANCE * about.scale)) {
      throw new Error(`This browser does not compute the outputs that the model should give (they differ by ${difference.toFixed(2)}).`);
    }
  }
  return model;
}

class Classifier {
  constructor(about, session) {
    this.about = about;
    this.session = session;
    this.names = session.outputNames.filter((name) => name === "logits" || name === "similarity");
    this.last = Promise.resolve(); // the newest run: a session takes one picture at a time
  }

  // Predict a picture file: {label, probability, known, similarity, threshold, probs: {label: probability}}.
  async predict(blob) {
    const { logits, similarity } = await this.run(blob);
    const highest = Math.max(...logits);
    const powers = Array.from(logits, (logit) => Math.exp(logit - highest));
    const sum = powers.reduce((a, b) => a + b, 0);
    const probs = Object.fromEntries(this.about.labels.map((label, i) => [label, powers[i] / sum]));
    const label = this.about.labels[powers.indexOf(1)];
    const threshold = similarity === null ? null : this.about.threshold;
    const known = threshold === null || similarity >= threshold;
    return { label, probability: probs[label], known, similarity, threshold, probs };
  }

  // The logits and the similarity of a picture file.
  async run(blob) {
    const config = this.about.preprocessing;
    const input = new ort.Tensor("float32", await preprocess(blob, config), [1, ...config.input_size]);
    const running = (this.last = this.last.then(() => this.session.run({ input }, this.names)));
    this.last = running.catch(() => {});
    const outputs = await running;
    return { logits: outputs.logits.data, similarity: outputs.similarity ? outputs.similarity.data[0] : null };
  }
}

async function fetchFile(name) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name} is missing (${response.status}).`);
  return response;
}

async function download(response, onProgress) {
  const total = Number(response.headers.get("content-length")) || 0;
  const parts = [];
  let loaded = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    loaded += value.length;
    onProgress(total ? Math.min(1, loaded / total) : null);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
