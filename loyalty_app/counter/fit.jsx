// Words as large as their place allows: all of an answer is seen at once, on every screen.

import React, { useLayoutEffect, useRef } from "react";

const SMALLER = 0.06;
const SMALLEST = 0.4; // sizes have a floor of their own long before; then it scrolls

export function Fit({ children }) {
  const place = useRef(null);

  useLayoutEffect(() => {
    const box = place.current;
    const isWide = (one) => one.scrollWidth > one.clientWidth; // one long word
    const isFull = () => box.scrollHeight > box.clientHeight || [...box.querySelectorAll("h2")].some(isWide);
    const fit = () => {
      let size = 1;
      const set = () => box.style.setProperty("--fit", size.toFixed(2));
      set();
      while (isFull() && size > SMALLEST) {
        size -= SMALLER;
        set();
      }
    };
    const room = new ResizeObserver(fit);
    const words = new MutationObserver(fit);
    room.observe(box);
    words.observe(box, { childList: true, subtree: true, characterData: true });
    fit();
    return () => {
      room.disconnect();
      words.disconnect();
    };
  }, []);

  return <div ref={place} className="counter-fit">{children}</div>;
}
