import React, { useEffect, useRef, useState } from "react";

const WARNING = 20; // seconds before the lock
const STAY_EVERY = 15; // the server hears of people no more often
const TRY_AGAIN = 5000;
const SIGNS = ["pointerdown", "keydown", "wheel", "input"];
const UNLOCK = "/scan/unlock/";

const post = (path) => fetch(path, { method: "POST", headers: { Accept: "application/json" } });

// The server ends a session that nobody puts off any more; this only tells it that somebody is there, and locks the
// page a little before. Without a connection nothing locks: people go on scanning, and the server decides later.
export function IdleLock({ seconds, answered }) {
  const seen = useRef(Date.now());
  const [left, setLeft] = useState(null);

  useEffect(() => { seen.current = Date.now(); }, [answered]);

  useEffect(() => {
    if (!seconds) return undefined;
    const gap = Math.min(STAY_EVERY, seconds / 4) * 1000;
    let told = 0, waitUntil = 0, isLeaving = false;
    const leave = () => { isLeaving = true; window.location.assign(UNLOCK); };
    const stay = async () => {
      told = Date.now();
      try {
        const answer = await post("/auth/stay");
        if (answer.status === 401 || answer.status === 403) leave();
      } catch { /* no connection: the next sign of somebody tries again */ }
    };
    const lock = async () => {
      waitUntil = Date.now() + TRY_AGAIN;
      try {
        if ((await post("/auth/lock")).ok) leave();
      } catch { /* no connection */ }
    };
    const look = () => {
      if (isLeaving) return;
      const now = Date.now();
      const rest = Math.ceil(seconds - (now - seen.current) / 1000);
      if (rest <= 1 && now >= waitUntil) lock();
      else if (rest > 1 && seen.current > told && now - told >= gap) stay();
      setLeft(rest <= WARNING && rest > 1 ? rest : null);
    };
    const touched = () => { seen.current = Date.now(); look(); };
    const options = { capture: true, passive: true };
    seen.current = Date.now();
    stay();
    const clock = setInterval(look, 1000);
    SIGNS.forEach((sign) => window.addEventListener(sign, touched, options));
    return () => {
      clearInterval(clock);
      SIGNS.forEach((sign) => window.removeEventListener(sign, touched, options));
    };
  }, [seconds]);

  return (
    <div className="counter-lock" role="status">
      {left !== null && (
        <p>
          This tablet locks soon. Touch it to stay. <span aria-hidden="true">{left}</span>
        </p>
      )}
    </div>
  );
}
