// What a picture says.

import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import wasmUrl from "zxing-wasm/reader/zxing_reader.wasm?url";

const OPTIONS = { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 4 };
const DARK = 60; // of 255, on average
const SCALES = [1280, 2400, 640, 4000]; // longest sides of a photo: the likely one first

// What one kind of look does not read another may; none is much slower than the first (docs/benchmarks.md).
const LOOKS = [
  { widest: 960 }, // larger pictures take longer and are read no better
  { widest: 640, options: { tryDenoise: true } }, // closes what is worn or torn
  { widest: 640, prepare: clear },
];

let ready;
export function decoder() { // one for each page load, from our own address
  ready ??= prepareZXingModule({
    overrides: { locateFile: (path, prefix) => (path.endsWith(".wasm") ? wasmUrl : prefix + path) },
    fireImmediately: true,
  }).catch((problem) => { ready = undefined; throw problem; });
  return ready;
}

// Return what looks at a part of a picture, each time in another way until something is read.
export function makeEye() {
  const sheet = makeSheet();
  let turn = 0;
  return async (source, part) => {
    const texts = await look(sheet, source, part, LOOKS[turn]);
    if (!texts.length) turn = (turn + 1) % LOOKS.length;
    return texts;
  };
}

// Return the texts of the codes in a picture file, looked at in several sizes and ways.
export async function decodeFile(file) {
  await decoder();
  const bitmap = await createImageBitmap(file);
  const whole = { left: 0, top: 0, width: bitmap.width, height: bitmap.height };
  const sheet = makeSheet();
  const longest = Math.max(bitmap.width, bitmap.height);
  const sizes = new Set(SCALES.map((side) => Math.min(side, longest)));
  try {
    for (const one of [...Array.from(sizes, (widest) => ({ widest })), ...LOOKS]) {
      const texts = await look(sheet, bitmap, whole, one);
      if (texts.length) return texts;
    }
    return [];
  } finally {
    bitmap.close();
  }
}

function makeSheet() {
  const canvas = document.createElement("canvas");
  return canvas.getContext("2d", { willReadFrequently: true });
}

function look(sheet, source, { left, top, width, height }, { widest, options, prepare }) {
  const shrink = Math.min(1, widest / Math.max(width, height));
  const { canvas } = sheet;
  canvas.width = Math.max(1, Math.round(width * shrink));
  canvas.height = Math.max(1, Math.round(height * shrink));
  sheet.drawImage(source, left, top, width, height, 0, 0, canvas.width, canvas.height);
  return decode(prepare ? prepare(sheet) : pixels(sheet), options);
}

const pixels = (sheet) => sheet.getImageData(0, 0, sheet.canvas.width, sheet.canvas.height);
const light = (all, at) => (all[at] + 2 * all[at + 1] + all[at + 2]) / 4;

// Return what is drawn with sharper edges, or brighter and with less noise where it is dark.
function clear(sheet) {
  const picture = pixels(sheet);
  const { data } = picture;
  const counts = new Uint32Array(256);
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) {
    const value = light(data, at);
    counts[value | 0] += 1;
    sum += value;
  }
  const number = data.length / 4;
  if (sum / number > DARK) {
    const blurred = soften(sheet, 4);
    for (let at = 0; at < data.length; at += 4) {
      const value = light(data, at);
      data[at] = data[at + 1] = data[at + 2] = value + 3 * (value - light(blurred, at));
    }
    return picture;
  }
  const smooth = soften(sheet, 1.5);
  const darkest = nth(counts, number * 0.01);
  const most = 255 / Math.max(1, nth(counts, number * 0.99) - darkest);
  for (let at = 0; at < data.length; at += 4) data[at] = data[at + 1] = data[at + 2] = (light(smooth, at) - darkest) * most;
  return picture;
}

// Draw smaller and back again, which is a blur that every browser is quick at; return the pixels.
function soften(sheet, times) {
  const { canvas } = sheet;
  const small = document.createElement("canvas");
  small.width = Math.ceil(canvas.width / times);
  small.height = Math.ceil(canvas.height / times);
  const pen = small.getContext("2d");
  pen.imageSmoothingQuality = "medium";
  pen.drawImage(canvas, 0, 0, small.width, small.height);
  sheet.drawImage(small, 0, 0, canvas.width, canvas.height);
  return pixels(sheet).data;
}

// Return the value that so many of those counted do not exceed.
function nth(counts, number) {
  let value = 0;
  for (let seen = counts[0]; seen < number && value < 255; seen += counts[value]) value += 1;
  return value;
}

// Return the texts of the codes in a picture, the one nearest to its middle first.
async function decode(picture, options) {
  const far = ({ position: { topLeft, bottomRight } }) =>
    Math.hypot((topLeft.x + bottomRight.x - picture.width) / 2, (topLeft.y + bottomRight.y - picture.height) / 2);
  try {
    const hits = (await readBarcodes(picture, { ...OPTIONS, ...options })).filter((hit) => hit.isValid && hit.text.trim());
    return [...new Set(hits.sort((one, other) => far(one) - far(other)).map((hit) => hit.text.trim()))];
  } catch (problem) {
    ready = undefined;
    throw problem;
  }
}
