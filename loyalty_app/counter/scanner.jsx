import React, { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import wasmUrl from "zxing-wasm/reader/zxing_reader.wasm?url";

const LOOK_EVERY = 120;
const HOLD_OFF = 2500; // a code fires again only after it was out of view for so long
const WIDEST = 960; // larger pictures take longer and are read no better
const QUIET = 150; // an answer within this needs no "Checking…"
const PATIENCE = 5000;
const MOST_TRIES = 3;
const LOST_COUNTS = 60000;
const BUSY_AGAIN = 3000;

// --- One attempt at a time, whichever way it came in. ---------------------------------------------------------------
// The number makes asking again harmless: the server gives the first answer to it, and redeems nothing twice.

let attempt = null;
let lost = null;
let phase = "";
let timers = [];
const watchers = new Set();

const watch = (tell) => { watchers.add(tell); return () => watchers.delete(tell); };
const usePhase = () => useSyncExternalStore(watch, () => phase, () => "");
const show = (next) => { phase = next; watchers.forEach((tell) => tell()); };
const later = (act, wait) => timers.push(setTimeout(act, wait));
const settle = () => { timers.forEach(clearTimeout); timers = []; attempt = null; };

function newNonce() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only where the address is secure
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function ask(text, send, done) {
  if (attempt) return false;
  const isAgain = lost?.text === text && Date.now() - lost.at < LOST_COUNTS;
  attempt = { text, nonce: isAgain ? lost.nonce : newNonce(), tries: 0, done };
  const go = () => {
    attempt.tries += 1;
    send(text, attempt.nonce);
    later(attempt.tries < MOST_TRIES ? go : giveUp, PATIENCE);
  };
  show("");
  later(() => show("checking"), QUIET);
  go();
  return true;
}

function giveUp() {
  lost = { text: attempt.text, nonce: attempt.nonce, at: Date.now() };
  settle();
  show("lost");
}

function answer(nonce) {
  const isAwaited = attempt?.nonce === nonce;
  const isLate = lost?.nonce === nonce;
  if (!isAwaited && !isLate) return false;
  const done = isAwaited ? attempt.done : undefined;
  if (isLate) lost = null;
  if (isAwaited) settle();
  if (!attempt) show("");
  done?.();
  return true;
}

// --- What is heard and felt. ----------------------------------------------------------------------------------------

const TONES = { accepted: [[660, 0, 0.12], [990, 0.12, 0.22]], used: [[220, 0, 0.16], [220, 0.22, 0.24]], other: [[330, 0, 0.28]] };
const PULSES = { accepted: [80], used: [60, 60, 60, 60, 160], other: [60, 80, 60] };
const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

let audio;
function unlockSound() { // browsers let a page make sounds only after it was touched
  try {
    audio ??= new AudioContext();
    audio.resume().catch(() => {});
  } catch { /* a till without sound is a till */ }
}

function signal(shape) {
  if (navigator.userActivation?.hasBeenActive !== false && !isStill()) navigator.vibrate?.(PULSES[shape] ?? PULSES.other);
  if (audio?.state !== "running") return;
  for (const [pitch, start, length] of TONES[shape] ?? TONES.other) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const from = audio.currentTime + start;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, from);
    volume.gain.exponentialRampToValueAtTime(0.25, from + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, from + length);
    tone.connect(volume).connect(audio.destination);
    tone.start(from);
    tone.stop(from + length);
  }
}

// --- The camera. ----------------------------------------------------------------------------------------------------

const REFUSALS = {
  NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "no_camera", OverconstrainedError: "no_camera",
  NotReadableError: "busy", AbortError: "busy",
};
const REPEATABLE = new Set(["denied", "no_camera", "busy", "decoder", "error"]);
const OPTIONS = { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 1 };

let ready;
function decoder() { // one for each page load, from our own address
  ready ??= prepareZXingModule({
    overrides: { locateFile: (path, prefix) => (path.endsWith(".wasm") ? wasmUrl : prefix + path) },
    fireImmediately: true,
  }).catch((problem) => { ready = undefined; throw problem; });
  return ready;
}

// What is scanned is what is seen: the part of the picture that `object-fit: cover` shows.
function look(video, canvas, pen) {
  const zoom = Math.max(video.clientWidth / video.videoWidth, video.clientHeight / video.videoHeight);
  const width = Math.min(video.videoWidth, video.clientWidth / zoom);
  const height = Math.min(video.videoHeight, video.clientHeight / zoom);
  const shrink = Math.min(1, WIDEST / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * shrink));
  canvas.height = Math.max(1, Math.round(height * shrink));
  pen.drawImage(video, (video.videoWidth - width) / 2, (video.videoHeight - height) / 2, width, height, 0, 0, canvas.width, canvas.height);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

const isVisible = () => document.visibilityState === "visible";

export function Camera({ known, onScan, onStatus, children }) {
  const video = useRef(null);
  const track = useRef(null);
  const told = useRef({}); // the latest callbacks, without starting the camera anew
  told.current = { onScan, onStatus };
  const [state, setState] = useState("starting");
  const [run, setRun] = useState({ number: 0, deviceId: "" });
  const [cameras, setCameras] = useState([]);
  const [torch, setTorch] = useState({ exists: false, isOn: false });
  const [isMirrored, setMirrored] = useState(false);
  const [caught, setCaught] = useState(0);
  const again = (changes = {}) => setRun((last) => ({ ...last, ...changes, number: last.number + 1 }));

  // Told again whenever the server has forgotten, which a new connection can bring about.
  useEffect(() => { if (known !== state) told.current.onStatus?.({ state }); }, [known, state]);

  useEffect(() => {
    let isOver = false, stream, timer;
    const seen = new Map();
    const fail = (why) => {
      if (isOver) return;
      setState(why);
      if (why === "busy") timer = setTimeout(again, BUSY_AGAIN);
    };
    const list = async () => {
      const found = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
      if (!isOver) setCameras(found.map((device) => device.deviceId));
    };

    const start = async () => {
      if (!window.isSecureContext) return fail("insecure");
      if (!navigator.mediaDevices?.getUserMedia || typeof WebAssembly !== "object") return fail("unsupported");
      setState((last) => (last === "busy" ? last : "starting"));
      const isReady = decoder();
      isReady.catch(() => {}); // looked at below
      try {
        stream = await navigator.mediaDevices.getUserMedia({
          audio: false,
          video: {
            ...(run.deviceId ? { deviceId: { exact: run.deviceId } } : { facingMode: { ideal: "environment" } }),
            width: { ideal: 1280 },
            height: { ideal: 720 },
          },
        });
      } catch (problem) {
        if (isOver) return undefined;
        if (run.deviceId) return again({ deviceId: "" }); // the chosen one is gone
        return fail(REFUSALS[problem.name] ?? "error");
      }
      if (isOver) return stream.getTracks().forEach((one) => one.stop());
      [track.current] = stream.getVideoTracks();
      track.current.addEventListener("ended", () => fail("busy"));
      video.current.srcObject = stream;
      await video.current.play().catch(() => {});
      try { await isReady; } catch { return fail("decoder"); }
      if (isOver) return undefined;
      await list().catch(() => {});
      setTorch({ exists: Boolean(track.current?.getCapabilities?.().torch), isOn: false });
      setMirrored(track.current?.getSettings?.().facingMode === "user");
      setState("scanning");

      const canvas = document.createElement("canvas");
      const pen = canvas.getContext("2d", { willReadFrequently: true });
      const tick = async () => {
        const view = video.current;
        if (isOver || !view) return;
        if (isVisible() && view.videoWidth && view.clientWidth) {
          let hit;
          try { [hit] = await readBarcodes(look(view, canvas, pen), OPTIONS); } catch { ready = undefined; return fail("decoder"); }
          if (isOver) return;
          notice(hit?.isValid ? hit.text.trim() : "");
        }
        timer = setTimeout(tick, LOOK_EVERY);
      };
      tick();
      return undefined;
    };

    const notice = (text) => {
      const now = performance.now();
      for (const [known, at] of seen) if (now - at > HOLD_OFF) seen.delete(known);
      if (!text) return;
      if (!seen.has(text)) {
        // While an answer is awaited the next code is left alone; held in view it gets its turn.
        if (!ask(text, (...what) => told.current.onScan?.(...what))) return;
        setCaught((count) => count + 1);
      }
      seen.set(text, now);
    };

    const turned = () => {
      if (!isVisible()) return;
      for (const known of seen.keys()) seen.set(known, performance.now()); // nothing left the view while nobody looked
      if (track.current?.readyState === "ended") again();
    };
    const plugged = () => {
      if (track.current?.readyState === "live") list().catch(() => {});
      else again();
    };
    let permission;
    const allowed = () => again();
    navigator.permissions?.query({ name: "camera" }).then((found) => {
      if (isOver) return;
      permission = found;
      permission.addEventListener("change", allowed);
    }, () => {});
    document.addEventListener("visibilitychange", turned);
    navigator.mediaDevices?.addEventListener?.("devicechange", plugged);
    start();

    return () => {
      isOver = true;
      clearTimeout(timer);
      stream?.getTracks().forEach((one) => one.stop());
      track.current = null;
      permission?.removeEventListener("change", allowed);
      document.removeEventListener("visibilitychange", turned);
      navigator.mediaDevices?.removeEventListener?.("devicechange", plugged);
    };
  }, [run]);

  const other = () => {
    const used = track.current?.getSettings?.().deviceId;
    again({ deviceId: cameras[(cameras.indexOf(used) + 1) % cameras.length] });
  };
  const light = async () => {
    const isOn = !torch.isOn;
    try {
      await track.current.applyConstraints({ advanced: [{ torch: isOn }] });
      setTorch({ exists: true, isOn });
    } catch {
      setTorch({ exists: false, isOn: false });
    }
  };

  const isScanning = state === "scanning";
  return (
    <div className="counter-camera" data-camera={state}>
      <video ref={video} className={isMirrored ? "mirrored" : undefined} muted playsInline autoPlay aria-hidden="true" tabIndex={-1} />
      {isScanning && <span key={caught} className="counter-reticle" data-caught={caught > 0 || undefined} aria-hidden="true" />}
      {!isScanning && (
        <div className="counter-trouble">
          {children}
          {REPEATABLE.has(state) && <button type="button" onClick={() => again()}>Try again</button>}
        </div>
      )}
      {isScanning && (cameras.length > 1 || torch.exists) && (
        <div className="counter-controls">
          {cameras.length > 1 && <button type="button" onClick={other}>Switch camera</button>}
          {torch.exists && <button type="button" aria-pressed={torch.isOn} onClick={light}>Light</button>}
        </div>
      )}
    </div>
  );
}

// --- The keyboard. --------------------------------------------------------------------------------------------------

export function Entry({ onEntry, className, children }) {
  const form = useRef(null);
  const told = useRef(onEntry);
  told.current = onEntry;
  const isBusy = usePhase() === "checking";

  useEffect(() => {
    // Hand scanners type like a keyboard, wherever the focus is: what nobody else wants goes into the field.
    const type = (event) => {
      const isForNobody = document.activeElement === document.body || document.activeElement === null;
      if (isForNobody && /^[\p{L}\p{N}]$/u.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) form.current?.elements.code?.focus();
    };
    document.addEventListener("keydown", type);
    return () => document.removeEventListener("keydown", type);
  }, []);

  const submit = (event) => {
    event.preventDefault();
    const field = form.current.elements.code;
    const text = field.value.trim();
    if (!text) return field.focus();
    const isTouched = matchMedia("(pointer: coarse)").matches;
    const isSent = ask(text, (code, nonce) => told.current?.({ code, nonce }), () => {
      if (field.value.trim() === text) field.value = "";
      if (!isTouched) field.focus();
    });
    if (!isSent) return undefined;
    if (isTouched) field.blur(); // else the screen's keyboard covers the answer
    else field.select();
    return undefined;
  };

  return <form ref={form} className={className} onSubmit={submit} autoComplete="off" data-busy={isBusy || undefined}>{children}</form>;
}

// --- The wait. ------------------------------------------------------------------------------------------------------

export function Waiting({ answered, shape }) {
  const now = usePhase();

  useEffect(() => { if (answered && answer(answered)) signal(shape); }, [answered, shape]);
  useEffect(() => {
    if (navigator.userActivation?.hasBeenActive) unlockSound();
    document.addEventListener("pointerdown", unlockSound);
    document.addEventListener("keydown", unlockSound);
    return () => {
      document.removeEventListener("pointerdown", unlockSound);
      document.removeEventListener("keydown", unlockSound);
      settle();
      show("");
    };
  }, []);

  return (
    <div className="counter-wait" data-wait={now || undefined} role="status">
      {now === "checking" && <p><span className="counter-dots" aria-hidden="true" />Checking…</p>}
      {now === "lost" && (
        <>
          <p>No answer</p>
          <p>The server did not reply. Check the connection, then scan the same code again within a minute: it will not be counted twice.</p>
        </>
      )}
    </div>
  );
}
