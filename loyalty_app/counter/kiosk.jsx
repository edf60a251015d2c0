// Out of the kiosk: only for somebody who means it, and not by the browser's way back.

import React, { useEffect, useRef, useState } from "react";
import { choose } from "./choice.jsx";

const HOLD = 1500;
const TOLD = 6000;
const PATIENCE = 8000; // then the tablet is not locked, as far as anybody knows
const HOLD_ON = "Hold the button, or Escape, until it is full.";
const NOT_LOCKED = "The tablet could not be locked. Check the network and try again.";
const KEYS = new Set(["Enter", " "]);

const isLocked = () => fetch("/auth/lock", {
  method: "POST", headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE),
}).then(({ ok }) => ok, () => false);

export function LeaveKiosk({ locks }) {
  const [isHeld, setHeld] = useState(false);
  const [told, setTold] = useState(null);
  const timer = useRef(null);
  const isBusy = useRef(false); // held for long enough: letting go changes nothing any more
  const isLeaving = useRef(false);

  const tell = (words) => setTold({ words });
  useEffect(() => {
    if (!told) return undefined;
    const over = setTimeout(() => setTold(null), TOLD);
    return () => clearTimeout(over);
  }, [told]);

  const stop = () => {
    clearTimeout(timer.current);
    timer.current = null;
    isBusy.current = false;
    setHeld(false);
  };
  const leave = async () => {
    isBusy.current = true;
    // On an enrolled tablet the next screen is not for whoever stands before it, and shows only once it is locked.
    if (now.current.locks) {
      if (!await isLocked()) {
        stop();
        tell(NOT_LOCKED);
        return;
      }
      isLeaving.current = true;
      addEventListener("pagehide", () => choose({ mode: "front" }), { once: true });
      location.replace("/scan/unlock/");
      return;
    }
    isLeaving.current = true;
    choose({ mode: "front" });
    if (history.state?.isKiosk) history.back();
  };
  const hold = () => {
    if (timer.current) return;
    setHeld(true);
    timer.current = setTimeout(leave, HOLD);
  };
  const letGo = () => {
    if (!timer.current || isBusy.current) return;
    stop();
    tell(HOLD_ON);
  };
  const now = useRef({});
  now.current = { hold, letGo, locks };

  useEffect(() => {
    // A step to go back to: whoever goes back stays here.
    const stay = () => { if (!history.state?.isKiosk) history.pushState({ ...history.state, isKiosk: true }, ""); };
    const back = () => {
      if (isLeaving.current) return;
      stay();
      tell(HOLD_ON);
    };
    const pressed = ({ key, repeat }) => { if (key === "Escape" && !repeat) now.current.hold(); };
    const released = ({ key }) => { if (key === "Escape") now.current.letGo(); };
    const left = () => now.current.letGo();
    stay();
    addEventListener("popstate", back);
    addEventListener("keydown", pressed);
    addEventListener("keyup", released);
    addEventListener("blur", left);
    return () => {
      clearTimeout(timer.current);
      removeEventListener("popstate", back);
      removeEventListener("keydown", pressed);
      removeEventListener("keyup", released);
      removeEventListener("blur", left);
    };
  }, []);

  const onKeyDown = (event) => {
    if (!KEYS.has(event.key)) return;
    event.preventDefault();
    if (!event.repeat) hold();
  };
  const onKeyUp = ({ key }) => { if (KEYS.has(key)) letGo(); };
  return (
    <div className="counter-leave">
      <p role="status">{told?.words}</p>
      <button
        type="button" data-held={isHeld || undefined} onPointerDown={hold} onPointerUp={letGo} onPointerLeave={letGo} onPointerCancel={letGo}
        onBlur={letGo} onKeyDown={onKeyDown} onKeyUp={onKeyUp} onContextMenu={(event) => event.preventDefault()}
      >
        Hold to leave kiosk
      </button>
    </div>
  );
}
