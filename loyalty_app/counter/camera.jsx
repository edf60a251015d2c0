// The camera's picture, and what is read from it.

import React, { useEffect, useRef, useState } from "react";
import { ask } from "./attempt.jsx";
import { decoder, makeEye } from "./decode.jsx";
import { useOpen } from "./dialog.jsx";

const LOOK_EVERY = 120;
const HOLD_OFF = 2500; // a code fires again only after it was out of view for so long
const BUSY_AGAIN = 3000;

const REFUSALS = {
  NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "no_camera", OverconstrainedError: "no_camera",
  NotReadableError: "busy", AbortError: "busy",
};
const REPEATABLE = new Set(["denied", "no_camera", "busy", "decoder", "error"]);

// What is scanned is what is seen: the part of the picture that `object-fit: cover` shows.
function partSeen(video) {
  const zoom = Math.max(video.clientWidth / video.videoWidth, video.clientHeight / video.videoHeight);
  const width = Math.min(video.videoWidth, video.clientWidth / zoom);
  const height = Math.min(video.videoHeight, video.clientHeight / zoom);
  return { left: (video.videoWidth - width) / 2, top: (video.videoHeight - height) / 2, width, height };
}

const isVisible = () => document.visibilityState === "visible";

export function Camera({ known, onAsk, onStatus, children }) {
  const video = useRef(null);
  const track = useRef(null);
  const told = useRef({}); // the latest callbacks, without starting the camera anew
  told.current = { onAsk, onStatus };
  const [state, setState] = useState("starting");
  const [run, setRun] = useState({ number: 0, deviceId: "" });
  const [cameras, setCameras] = useState([]);
  const [torch, setTorch] = useState({ exists: false, isOn: false });
  const [isMirrored, setMirrored] = useState(false);
  const [caught, setCaught] = useState(0);
  const place = useRef(null);
  const isOpen = useOpen(place);
  const again = (changes = {}) => setRun((last) => ({ ...last, ...changes, number: last.number + 1 }));

  // Told again whenever the server has forgotten, which a new connection can bring about.
  useEffect(() => { if (known !== state) told.current.onStatus?.({ state }); }, [known, state]);

  useEffect(() => {
    if (!isOpen) return setState("starting");
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
      list().catch(() => {}); // no reason to look later
      setTorch({ exists: Boolean(track.current?.getCapabilities?.().torch), isOn: false });
      setMirrored(track.current?.getSettings?.().facingMode === "user");
      setState("scanning");

      const look = makeEye();
      const tick = async () => {
        const view = video.current;
        if (isOver || !view) return;
        if (isVisible() && view.videoWidth && view.clientWidth) {
          let texts;
          try { texts = await look(view, partSeen(view)); } catch { return fail("decoder"); }
          if (isOver) return;
          notice(texts[0] ?? "");
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
        if (!ask({ text }, (what) => told.current.onAsk?.(what))) return;
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
  }, [run, isOpen]);

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
    <div ref={place} className="counter-camera" data-camera={state}>
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
