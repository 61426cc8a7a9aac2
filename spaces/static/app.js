// The page: takes a picture by drop, paste, file, camera or example, and shows its label in large letters.
import { load } from "./classifier.js";

const TOP = 5; // labels shown as bars
const $ = (id) => document.getElementById(id);
let latest = 0; // number of the newest picture: predictions for older ones are not shown

const ready = start();

async function start() {
  try {
    const about = await (await fetch("model.json")).json();
    document.title = $("title").textContent = about.labels.slice(0, 4).join(" / ") + (about.labels.length > 4 ? " …" : "");
    $("error-rate").textContent = errorSentence(about);
    const model = await load((share) => (share === null ? $("progress").removeAttribute("value") : ($("progress").value = share)));
    $("progress").hidden = true;
    if (!latest) $("sure").textContent = "Drop a picture.";
    for (const url of about.examples) $("examples").append(exampleButton(url));
    $("tries").hidden = !about.examples.length;
    return model;
  } catch (error) {
    $("progress").hidden = true;
    fail(`The model cannot be loaded: ${error.message}`);
    throw error;
  }
}

function errorSentence({ error_rate, error_interval, valid_images }) {
  if (error_rate === null || !valid_images) return "its error rate is not known";
  const likely = error_interval ? ` (likely ${error_interval.map(percent).join(" to ")})` : "";
  return `${percent(error_rate)} wrong on ${valid_images} pictures${likely}`;
}

function exampleButton(url) {
  const button = document.createElement("button");
  const image = document.createElement("img");
  button.type = "button";
  button.title = image.alt = `Example ${url.replace(/.*\//, "")}`;
  image.src = url;
  button.append(image);
  button.addEventListener("click", async () => show(await (await fetch(url)).blob()));
  return button;
}

async function show(blob) {
  const number = ++latest;
  stopCamera();
  URL.revokeObjectURL($("picture").src);
  $("picture").src = URL.createObjectURL(blob);
  $("picture").hidden = false;
  $("invite").hidden = true;
  $("bars").replaceChildren();
  $("label").textContent = "";
  $("sure").className = "";
  $("sure").textContent = "Predicting …";
  const model = await ready.catch(() => null);
  if (!model) return fail("The model could not be loaded.");
  try {
    const started = performance.now();
    const prediction = await model.predict(blob);
    if (number === latest) showPrediction(prediction, performance.now() - started);
  } catch (error) {
    if (number === latest) {
      $("picture").hidden = true;
      $("invite").hidden = false;
      fail("This browser cannot read that picture. Use a JPEG, PNG or WebP file.");
    }
  }
}

// How like the training pictures an unknown picture is, and how like a known one is at least.
function similarityText({ similarity, threshold }) {
  return `similarity ${similarity.toFixed(2)}, needs ${threshold.toFixed(2)}`;
}

function showPrediction(prediction, milliseconds) {
  const time = `in ${Math.round(milliseconds)} ms`;
  $("label").textContent = prediction.known ? prediction.label : "none of these";
  $("sure").textContent = prediction.known
    ? `${percent(prediction.probability)} sure, ${time}`
    : `unlike the training pictures; closest label: ${prediction.label}; ${similarityText(prediction)}, ${time}`;
  const likeliest = Object.entries(prediction.probs).sort((a, b) => b[1] - a[1]).slice(0, TOP);
  $("bars").replaceChildren(
    ...likeliest.map(([label, probability]) => {
      const row = document.createElement("li"), line = document.createElement("div"), meter = document.createElement("meter");
      line.append(Object.assign(document.createElement("span"), { textContent: label }));
      line.append(Object.assign(document.createElement("span"), { textContent: percent(probability) }));
      meter.value = probability;
      row.append(line, meter);
      return row;
    }),
  );
}

function fail(text) {
  $("label").textContent = "";
  $("sure").textContent = text;
  $("sure").className = "wrong";
}

function percent(share) {
  const text = (100 * share).toPrecision(2);
  return `${Number(text) >= 100 ? 100 : Number(text) < 0.1 && share > 0 ? "< 0.1" : Number(text)} %`;
}

function stopCamera() {
  for (const track of $("video").srcObject?.getTracks() ?? []) track.stop();
  $("video").srcObject = null;
  $("video").hidden = $("take").hidden = true;
}

const firstPicture = (files) => [...(files ?? [])].find((file) => file.type.startsWith("image/") || !file.type);

$("choose").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => {
  const file = $("file").files[0];
  if (file) show(file);
  $("file").value = "";
});
if ($("file").files.length) $("file").dispatchEvent(new Event("change")); // chosen before this script was loaded
addEventListener("paste", (event) => {
  const file = firstPicture(event.clipboardData?.files);
  if (file) show(file);
});
addEventListener("dragover", (event) => {
  event.preventDefault();
  $("drop").classList.add("over");
});
addEventListener("dragleave", () => $("drop").classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  const file = event.dataTransfer.files[0];
  if (file) show(file);
  else fail("Only files can be dropped: save the picture, and drop its file.");
});
$("camera").addEventListener("click", async () => {
  if (!$("video").hidden) return stopCamera();
  try {
    $("video").srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    return fail("This page cannot use a camera: there is none, or you did not allow it.");
  }
  $("picture").hidden = $("invite").hidden = true;
  $("video").hidden = false;
  await $("video").play();
  $("take").hidden = false; // the video plays
});
$("take").addEventListener("click", () => {
  const canvas = document.createElement("canvas");
  canvas.width = $("video").videoWidth, canvas.height = $("video").videoHeight;
  canvas.getContext("2d").drawImage($("video"), 0, 0);
  canvas.toBlob(show, "image/png");
});
