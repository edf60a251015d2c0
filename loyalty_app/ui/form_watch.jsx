import { useEffect, useRef } from "react";

// Tells what stands in the surrounding form, a moment after the last keystroke.
export function FormWatch({ onTyped }) {
  const place = useRef(null);
  const tell = useRef(onTyped);
  tell.current = onTyped;

  useEffect(() => {
    const form = place.current?.closest("form");
    if (!form) return undefined;
    let wait = 0;
    const typed = () => {
      clearTimeout(wait);
      wait = setTimeout(() => tell.current?.(Object.fromEntries(new FormData(form))), 250);
    };
    form.addEventListener("input", typed);
    form.addEventListener("change", typed); // what is remembered comes back like this
    return () => {
      clearTimeout(wait);
      form.removeEventListener("input", typed);
      form.removeEventListener("change", typed);
    };
  }, []);

  return <span ref={place} hidden />;
}
