// Three scanners on one page: what each reads of a picture, and when of a camera.

import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { Camera } from "./counter/camera.jsx";
import { decoder, makeEye } from "./counter/decode.jsx";
import { Html5Qrcode, QrScanner } from "./peers.js";

const QR_CODE = 0; // as html5-qrcode numbers it
const GAP = 20; // of so many milliseconds a scanner that found nothing may look again
const place = document.getElementById("place");

const readers = {
  async ours() {
    await decoder();
    return makeEye();
  },
  async "qr-scanner"() {
    const engine = await QrScanner.createQrEngine();
    engine.postMessage?.({ id: -1, type: "inversionMode", data: "both" }); // light on dark too
    return async (picture) => [(await QrScanner.scanImage(picture, { qrEngine: engine, returnDetailedScanResult: true })).data];
  },
  async "html5-qrcode"() {
    const { qrcode } = new Html5Qrcode("place", { formatsToSupport: [QR_CODE], verbose: false });
    return async (picture) => [(await qrcode.decodeRobustlyAsync(picture)).text];
  },
};

// Return what a scanner reads of a picture, and how long each look took; a peer sees the same at every look.
const made = {};
window.read = async (name, address, looks) => {
  made[name] ??= await readers[name]();
  const bitmap = await createImageBitmap(await (await fetch(address)).blob());
  const picture = document.createElement("canvas");
  picture.width = bitmap.width;
  picture.height = bitmap.height;
  picture.getContext("2d", { willReadFrequently: true }).drawImage(bitmap, 0, 0);
  const reader = name === "ours" ? makeEye() : made[name];
  const whole = { left: 0, top: 0, width: bitmap.width, height: bitmap.height };
  const found = [];
  while (found.length < looks && !found.at(-1)?.texts.length) {
    const began = performance.now();
    const texts = await reader(picture, whole).catch(() => []); // a peer throws when there is no code
    found.push({ texts, ms: performance.now() - began });
    await new Promise((done) => setTimeout(done, GAP));
  }
  bitmap.close();
  return found;
};

const starts = {
  ours: (heard) => createRoot(place).render(createElement(Camera, { known: "", onAsk: ({ text }) => heard(text), onStatus() {} })),
  "qr-scanner": (heard) => {
    const video = place.appendChild(document.createElement("video"));
    new QrScanner(video, ({ data }) => heard(data), { returnDetailedScanResult: true, preferredCamera: "environment" }).start();
  },
  "html5-qrcode": (heard) => {
    new Html5Qrcode("place", { formatsToSupport: [QR_CODE], verbose: false }).start({ facingMode: "environment" }, { fps: 10 }, heard, () => {});
  },
};

// Start a scanner, and note when it reads what.
window.heard = [];
window.start = (name) => {
  const began = performance.now();
  starts[name]((text) => window.heard.push({ text, ms: performance.now() - began }));
};
window.scanners = Object.keys(readers).filter((name) => name === "ours" || QrScanner);
