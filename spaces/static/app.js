// The page: a picture comes in by drop, paste, file, camera or example; one label in large letters goes out.
import { load } from "./classifier.js";

const TOP = 5; // labels shown as bars
const $ = (id) => document.getElementById(id);
let asked = 0; // pictures so far: an answer that comes after a newer picture is not shown

const ready = start();

async function start() {
  try {
    const about = await (await fetch("model.json")).json();
    document.title = $("title").textContent = about.labels.slice(0, 4).join(" / ") + (about.labels.length > 4 ? " …" : "");
    const [low, high] = about.error_interval.map(percent);
    $("worth").textContent =
      `${percent(about.error_rate)} wrong on ${about.valid_images} pictures (likely ${low} to ${high})`;
    const model = await load((share) => (share === null ? $("progress").removeAttribute("value") : ($("progress").value = share)));
    $("progress").hidden = true;
    if (!asked) $("sure").textContent = "Drop a picture.";
    for (const address of about.examples) $("examples").append(example(address));
    $("tries").hidden = !about.examples.length;
    return model;
  } catch (error) {
    $("progress").hidden = true;
    fail(`The model cannot be loaded: ${error.message}`);
    throw error;
  }
}

function example(address) {
  const button = document.createElement("button");
  const image = document.createElement("img");
  button.type = "button";
  button.title = image.alt = `Example ${address.replace(/.*\//, "")}`;
  image.src = address;
  button.append(image);
  button.addEventListener("click", async () => show(await (await fetch(address)).blob()));
  return button;
}

async function show(blob) {
  const number = ++asked;
  stopCamera();
  URL.revokeObjectURL($("picture").src);
  $("picture").src = URL.createObjectURL(blob);
  $("picture").hidden = false;
  $("invite").hidden = true;
  $("bars").replaceChildren();
  $("label").textContent = "";
  $("sure").className = "";
  $("sure").textContent = "Looking …";
  const model = await ready.catch(() => null);
  if (!model) return fail("The model could not be loaded.");
  try {
    const clock = performance.now();
    const found = await model.predict(blob);
    if (number === asked) tell(found, performance.now() - clock);
  } catch (error) {
    if (number === asked) {
      $("picture").hidden = true;
      $("invite").hidden = false;
      fail("That is no picture that this browser can read. A JPEG, PNG or WebP will do.");
    }
  }
}

function tell(found, milliseconds) {
  const spent = `in ${Math.round(milliseconds)} ms`;
  $("label").textContent = found.known ? found.label : "none of these";
  $("sure").textContent = found.known
    ? `${percent(found.probability)} sure, ${spent}`
    : `unlike the pictures that it was trained on; of its labels the likest is ${found.label}, ${spent}`;
  const likeliest = Object.entries(found.probs).sort((a, b) => b[1] - a[1]).slice(0, TOP);
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

const pictureIn = (files) => [...(files ?? [])].find((file) => file.type.startsWith("image/") || !file.type);

$("choose").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => {
  const file = $("file").files[0];
  if (file) show(file);
  $("file").value = "";
});
addEventListener("paste", (event) => {
  const file = pictureIn(event.clipboardData?.files);
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
  else fail("Drop the file of a picture: save it first, and drop it from its folder.");
});
$("camera").addEventListener("click", async () => {
  if (!$("video").hidden) return stopCamera();
  try {
    $("video").srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    return fail("There is no camera that this page may use.");
  }
  $("picture").hidden = $("invite").hidden = true;
  $("video").hidden = false;
  await $("video").play();
  $("take").hidden = false; // there is something to take now
});
$("take").addEventListener("click", () => {
  const canvas = document.createElement("canvas");
  canvas.width = $("video").videoWidth, canvas.height = $("video").videoHeight;
  canvas.getContext("2d").drawImage($("video"), 0, 0);
  canvas.toBlob(show, "image/png");
});
