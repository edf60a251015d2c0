// What this browser keeps of scans that were made without a connection: it survives the page, and whoever leaves.

let opening;
function opened() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("counter", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("scans", { keyPath: "nonce" });
      request.result.createObjectStore("kept");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

export async function stored(store, act, mode = "readonly") {
  const change = (await opened()).transaction(store, mode, { durability: "strict" });
  const request = act(change.objectStore(store));
  return new Promise((resolve, reject) => {
    change.oncomplete = () => resolve(request?.result);
    change.onerror = change.onabort = () => reject(change.error);
  });
}

export const waiting = (scans) => scans.filter((scan) => scan.state === "waiting");

// How many scans are still to be sent; none where nothing can be kept.
export const unsent = () => stored("scans", (place) => place.getAll()).then((scans) => waiting(scans).length, () => 0);

// "3 scans wait on this tablet."
export const saidOf = (number) => (number === 1 ? "1 scan waits on this tablet." : `${number} scans wait on this tablet.`);

// Everything that belongs to whoever leaves, but for the scans that are still to be sent.
export async function forgetTheRest() {
  await stored("kept", (place) => place.clear(), "readwrite");
  const scans = await stored("scans", (place) => place.getAll());
  await stored("scans", (place) => scans.filter((scan) => scan.state !== "waiting").forEach((scan) => place.delete(scan.nonce)), "readwrite");
}
