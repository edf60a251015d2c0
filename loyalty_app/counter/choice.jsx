// Which camera this device uses, and how: remembered here, for whoever works next.

import { useSyncExternalStore } from "react";

const KEPT = "loyalty-camera";
const MODES = new Set(["rear", "front", "kiosk"]);
const STANDARD = { mode: "rear", deviceId: "" };

function remembered() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT)) ?? {};
    return { mode: MODES.has(kept.mode) ? kept.mode : STANDARD.mode, deviceId: String(kept.deviceId ?? "") };
  } catch { // no storage, or something else in it
    return STANDARD;
  }
}

let choice = null;
const now = () => (choice ??= remembered());
const watchers = new Set();
const watch = (tell) => { watchers.add(tell); return () => watchers.delete(tell); };

export const useChoice = () => useSyncExternalStore(watch, now, () => STANDARD);

export function choose(changes) {
  choice = { ...now(), ...changes };
  try { localStorage.setItem(KEPT, JSON.stringify(choice)); } catch { /* chosen for as long as the page is open */ }
  watchers.forEach((tell) => tell());
}
