// Out of the kiosk: only for somebody who means it, and not by the browser's way back.

import React, { useEffect, useRef, useState } from "react";
import { choose } from "./choice.jsx";

const HOLD = 1500;
const TOLD = 4000;
const KEYS = new Set(["Enter", " "]);

export function LeaveKiosk({ locks }) {
  const [isHeld, setHeld] = useState(false);
  const [isTold, setTold] = useState(false);
  const timer = useRef(null);
  const isLeaving = useRef(false);

  const tell = () => setTold(true);
  useEffect(() => {
    if (!isTold) return undefined;
    const over = setTimeout(() => setTold(false), TOLD);
    return () => clearTimeout(over);
  }, [isTold]);

  const leave = async () => {
    isLeaving.current = true;
    // On a tablet with PINs the next screen is not for whoever stands before it.
    const isLocked = locks && await fetch("/auth/lock", { method: "POST", headers: { Accept: "application/json" } }).then(({ ok }) => ok, () => false);
    choose({ mode: "front" });
    if (isLocked) location.replace("/scan/unlock/");
    else if (history.state?.isKiosk) history.back();
  };
  const hold = () => {
    if (timer.current || isLeaving.current) return;
    setHeld(true);
    timer.current = setTimeout(leave, HOLD);
  };
  const letGo = () => {
    if (!timer.current || isLeaving.current) return;
    clearTimeout(timer.current);
    timer.current = null;
    setHeld(false);
    tell();
  };
  const now = useRef({});
  now.current = { hold, letGo };

  useEffect(() => {
    // A step to go back to: whoever goes back stays here.
    const stay = () => { if (!history.state?.isKiosk) history.pushState({ ...history.state, isKiosk: true }, ""); };
    const back = () => {
      if (isLeaving.current) return;
      stay();
      tell();
    };
    const pressed = ({ key }) => { if (key === "Escape") now.current.hold(); };
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
    hold();
  };
  const onKeyUp = ({ key }) => { if (KEYS.has(key)) letGo(); };
  return (
    <div className="counter-leave">
      <p role="status">{isTold && "Hold the button, or Escape, until it is full."}</p>
      <button
        type="button" data-held={isHeld || undefined} onPointerDown={hold} onPointerUp={letGo} onPointerLeave={letGo} onPointerCancel={letGo}
        onBlur={letGo} onKeyDown={onKeyDown} onKeyUp={onKeyUp} onContextMenu={(event) => event.preventDefault()}
      >
        Hold to leave kiosk
      </button>
    </div>
  );
}
