// What a picture says.

import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import wasmUrl from "zxing-wasm/reader/zxing_reader.wasm?url";

const OPTIONS = { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 1 };

let ready;
export function decoder() { // one for each page load, from our own address
  ready ??= prepareZXingModule({
    overrides: { locateFile: (path, prefix) => (path.endsWith(".wasm") ? wasmUrl : prefix + path) },
    fireImmediately: true,
  }).catch((problem) => { ready = undefined; throw problem; });
  return ready;
}

// Return the texts of the codes in a picture.
export async function decode(picture) {
  try {
    const hits = await readBarcodes(picture, OPTIONS);
    return hits.filter((hit) => hit.isValid).map((hit) => hit.text.trim()).filter(Boolean);
  } catch (problem) {
    ready = undefined;
    throw problem;
  }
}
