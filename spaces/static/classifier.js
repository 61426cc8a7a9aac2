// A bearkit model in the browser: the same answers as bearkit's Predictor, checked on its golden pictures at the start.
import * as ort from "./ort.mjs";
import { preprocess } from "./preprocess.js";

const TOLERANCE = 0.05; // of the largest golden logit: browsers round otherwise than onnxruntime elsewhere

ort.env.wasm.wasmPaths = { wasm: new URL("./ort.wasm", import.meta.url).href };
ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;

// Load the model; `told` hears what share of it has come. The model throws when this browser does not answer as it should.
export async function load(told = () => {}) {
  const about = await (await ok("model.json")).json();
  const bytes = await whole(await ok("model.onnx"), told);
  const session = await ort.InferenceSession.create(bytes, { extra: { session: { disable_quant_qdq: "1" } } });
  const model = new Classifier(about, session);
  for (const golden of about.golden) {
    const { logits } = await model.run(await (await ok(golden.picture)).blob());
    const off = Math.max(...golden.logits.map((expected, i) => Math.abs(expected - logits[i])));
    if (!(off <= TOLERANCE * about.scale)) {
      throw new Error(`This browser computes something else than the model should give (${off.toFixed(2)} off).`);
    }
  }
  return model;
}

class Classifier {
  constructor(about, session) {
    this.about = about;
    this.session = session;
    this.names = session.outputNames.filter((name) => name === "logits" || name === "similarity");
    this.last = Promise.resolve(); // a session computes one picture at a time
  }

  // {label, probability, known, similarity, probs: {label: probability}} of a picture file.
  async predict(blob) {
    const { logits, similarity } = await this.run(blob);
    const highest = Math.max(...logits);
    const powers = Array.from(logits, (logit) => Math.exp(logit - highest));
    const sum = powers.reduce((a, b) => a + b, 0);
    const probs = Object.fromEntries(this.about.labels.map((label, i) => [label, powers[i] / sum]));
    const label = this.about.labels[powers.indexOf(1)];
    const known = similarity === null || this.about.threshold === null || similarity >= this.about.threshold;
    return { label, probability: probs[label], known, similarity, probs };
  }

  async run(blob) {
    const how = this.about.preprocessing;
    const input = new ort.Tensor("float32", await preprocess(blob, how), [1, ...how.input_size]);
    const found = (this.last = this.last.then(() => this.session.run({ input }, this.names)));
    this.last = found.catch(() => {});
    const outputs = await found;
    return { logits: outputs.logits.data, similarity: outputs.similarity ? outputs.similarity.data[0] : null };
  }
}

async function ok(name) {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name} is missing (${answer.status}).`);
  return answer;
}

async function whole(answer, told) {
  const total = Number(answer.headers.get("content-length")) || 0;
  const parts = [];
  let n = 0;
  for (const reader = answer.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    told(total ? Math.min(1, (n += value.length) / total) : null);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
