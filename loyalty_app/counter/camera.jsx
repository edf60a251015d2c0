// The camera's picture, and what is read from it.

import React, { useEffect, useRef, useState } from "react";
import { ask, twoInView, useTwoInPicture } from "./attempt.jsx";
import { choose, useChoice } from "./choice.jsx";
import { decoder, makeEye } from "./decode.jsx";
import { useOpen } from "./dialog.jsx";
import { LeaveKiosk } from "./kiosk.jsx";
import { makeTurns } from "./turns.jsx";

const LOOK_EVERY = 120;
const BUSY_AGAIN = 3000;
const KEPT_HIDDEN = 10000; // so long a hidden page keeps the camera, to be back at once

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

export function Camera({ known, hasKiosk, locks, onAsk, onStatus, children }) {
  const video = useRef(null);
  const track = useRef(null);
  const told = useRef({}); // the latest callbacks, without starting the camera anew
  told.current = { onAsk, onStatus };
  const [state, setState] = useState("starting");
  const [run, setRun] = useState(0);
  const [cameras, setCameras] = useState([]);
  const [torch, setTorch] = useState({ exists: false, isOn: false });
  const [facing, setFacing] = useState("");
  const [caught, setCaught] = useState(0);
  const isTwo = useTwoInPicture();
  const place = useRef(null);
  const isOpen = useOpen(place);
  const { mode, deviceId } = useChoice();
  const isKiosk = mode === "kiosk" && hasKiosk;
  const isFront = mode !== "rear";
  const again = () => setRun((last) => last + 1);

  // Told again whenever the server has forgotten, which a new connection can bring about.
  useEffect(() => { if (known !== state) told.current.onStatus?.({ state }); }, [known, state]);

  // The whole page turns to the customer, not only the picture.
  useEffect(() => { place.current.closest(".counter")?.toggleAttribute("data-kiosk", isKiosk); }, [isKiosk]);

  useEffect(() => {
    if (!isOpen) return setState("starting");
    let isOver = false, isFailed = false, stream, timer, rest;
    const turns = makeTurns();
    const stop = () => stream?.getTracks().forEach((one) => one.stop());
    const fail = (why) => {
      if (isOver) return;
      isFailed = true;
      setState(why);
      if (why === "busy") timer = setTimeout(again, BUSY_AGAIN);
    };
    const list = async () => {
      const found = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
      if (!isOver) setCameras(found.map(({ deviceId: id, label }, number) => ({ id, label: label || `Camera ${number + 1}` })));
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
            ...(deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: isFront ? "user" : "environment" } }),
            width: { ideal: 1280 },
            height: { ideal: 720 },
          },
        });
      } catch (problem) {
        if (isOver) return undefined;
        if (deviceId && problem.name !== "NotAllowedError") return choose({ deviceId: "" }); // the chosen one is gone
        return fail(REFUSALS[problem.name] ?? "error");
      }
      if (isOver) return stop();
      [track.current] = stream.getVideoTracks();
      track.current.addEventListener("ended", () => fail("busy"));
      video.current.srcObject = stream;
      await video.current.play().catch(() => {});
      try { await isReady; } catch { return fail("decoder"); }
      if (isOver) return undefined;
      list().catch(() => {}); // no reason to look later
      setTorch({ exists: Boolean(track.current?.getCapabilities?.().torch), isOn: false });
      setFacing(track.current?.getSettings?.().facingMode ?? "");
      setState("scanning");

      const look = makeEye();
      const tick = async () => {
        const view = video.current;
        if (isOver || !view) return;
        if (isVisible() && view.videoWidth && view.clientWidth) {
          let texts;
          try { texts = await look(view, partSeen(view)); } catch { return fail("decoder"); }
          if (isOver) return;
          const { areTwo, isOneAnswered } = turns.look(texts, fire);
          twoInView(areTwo, isOneAnswered);
        }
        timer = setTimeout(tick, LOOK_EVERY);
      };
      tick();
      return undefined;
    };
    const fire = (text) => {
      const isSent = ask({ text }, (what) => told.current.onAsk?.(what));
      if (isSent) setCaught((count) => count + 1);
      return isSent;
    };

    const turned = () => {
      clearTimeout(rest);
      if (!isVisible()) {
        rest = setTimeout(stop, KEPT_HIDDEN);
        return;
      }
      if (stream && stream.getTracks().every((one) => one.readyState === "ended")) again();
    };
    const plugged = () => {
      if (track.current?.readyState === "live") list().catch(() => {});
      else if (isFailed) again();
    };
    let permission;
    const allowed = () => { if (isFailed) again(); }; // the first answer to the browser's question changes it too
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
      clearTimeout(rest);
      stop();
      track.current = null;
      twoInView(false);
      permission?.removeEventListener("change", allowed);
      document.removeEventListener("visibilitychange", turned);
      navigator.mediaDevices?.removeEventListener?.("devicechange", plugged);
    };
  }, [run, isOpen, isFront, deviceId]);

  const light = async () => {
    const isOn = !torch.isOn;
    try {
      await track.current.applyConstraints({ advanced: [{ torch: isOn }] });
      setTorch({ exists: true, isOn });
    } catch {
      setTorch({ exists: false, isOn: false });
    }
  };
  const pick = ({ target: { value } }) => choose(value === "rear" || value === "front" ? { mode: value, deviceId: "" } : { deviceId: value });

  const isScanning = state === "scanning";
  return (
    <div ref={place} className="counter-camera" data-camera={state}>
      <video ref={video} className={facing === "user" || isKiosk ? "mirrored" : undefined} muted playsInline autoPlay aria-hidden="true" tabIndex={-1} />
      {isScanning && <span key={caught} className="counter-reticle" data-caught={caught > 0 || undefined} aria-hidden="true" />}
      {isScanning && isKiosk && <p className="counter-hold">Hold your code here</p>}
      <p className="counter-two" role="status">{isScanning && isTwo && "Two codes in view. Show one at a time."}</p>
      {!isScanning && (
        <div className="counter-trouble">
          {children}
          {REPEATABLE.has(state) && <button type="button" onClick={again}>Try again</button>}
        </div>
      )}
      {isKiosk && <LeaveKiosk locks={locks} />}
      {isScanning && !isKiosk && (
        <div className="counter-controls">
          {cameras.length > 1 && (
            <select aria-label="Camera" value={deviceId || (isFront ? "front" : "rear")} onChange={pick}>
              <option value="rear">Rear camera</option>
              <option value="front">Front camera</option>
              {cameras.map(({ id, label }) => <option key={id} value={id}>{label}</option>)}
            </select>
          )}
          {torch.exists && <button type="button" aria-pressed={torch.isOn} onClick={light}>Light</button>}
          {hasKiosk && <button type="button" onClick={() => choose({ mode: "kiosk", deviceId: "" })}>Start kiosk</button>}
        </div>
      )}
    </div>
  );
}
