import { useEffect, useRef } from "react";

// Tells what stands in the surrounding form, a moment after the last keystroke.
export function FormWatch({ onTyped, wait = 250 }) {
  const place = useRef(null);
  const tell = useRef(onTyped);
  tell.current = onTyped;

  useEffect(() => {
    const form = place.current?.closest("form");
    if (!form) return undefined;
    let waiting = 0;
    const typed = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => tell.current?.(Object.fromEntries(new FormData(form))), wait);
    };
    form.addEventListener("input", typed);
    form.addEventListener("change", typed); // what is remembered comes back like this
    return () => {
      clearTimeout(waiting);
      form.removeEventListener("input", typed);
      form.removeEventListener("change", typed);
    };
  }, [wait]);

  return <span ref={place} hidden />;
}
