import { useEffect, useRef } from "react";
import { useLocation, useNavigate } from "react-router";

const TEXTS = new Set(["text", "search"]);

// Keeps what the form around it asks for in the address: a moment after the last keystroke, at once for a choice.
export function AddressForm({ wait = 250 }) {
  const place = useRef(null);
  const own = useRef(null); // the address that this form went to, and what has to be said about it
  const navigate = useNavigate();
  const location = useLocation();
  const here = useRef(location);
  here.current = location;

  useEffect(() => {
    const form = place.current?.closest("form");
    if (!form) return undefined;
    let waiting = 0;
    const go = (isTyped) => {
      const asked = [...new FormData(form)].filter(([, value]) => value.trim());
      const search = asked.length ? `?${new URLSearchParams(asked)}` : "";
      if (search === here.current.search) return;
      // One step back leads out of the whole word, not of its last letter.
      const replace = isTyped && own.current?.isTyped && own.current.search === here.current.search;
      own.current = { search, isTyped };
      navigate(here.current.pathname + search, { replace, preventScrollReset: true });
    };
    const changed = (event) => {
      clearTimeout(waiting);
      const isTyped = TEXTS.has(event.target.type);
      waiting = setTimeout(() => go(isTyped), isTyped ? wait : 0);
    };
    const sent = (event) => {
      event.preventDefault();
      clearTimeout(waiting);
      go(false);
    };
    form.addEventListener("input", changed);
    form.addEventListener("submit", sent);
    return () => {
      clearTimeout(waiting);
      form.removeEventListener("input", changed);
      form.removeEventListener("submit", sent);
    };
  }, [wait, navigate]);

  useEffect(() => {
    // Somebody else changed the address: a link, or the way back.
    if (own.current?.search === location.search) return;
    own.current = null;
    const asked = new URLSearchParams(location.search);
    for (const control of place.current?.closest("form")?.elements ?? []) {
      if (control.name) control.value = asked.get(control.name) ?? "";
    }
  }, [location.search]);

  return <span ref={place} hidden />;
}

// A dialog that is open while the address says so: it can be shared, and the way back closes it.
export function AddressDialog({ open, name, children, ...props }) {
  const dialog = useRef(null);
  const navigate = useNavigate();
  const location = useLocation();

  useEffect(() => {
    const shown = dialog.current;
    if (open && !shown.open) shown.showModal();
    if (!open && shown.open) shown.close();
  }, [open]);

  const closed = (event) => {
    if (event.target !== dialog.current) return;
    const asked = new URLSearchParams(location.search);
    if (!asked.has(name)) return;
    asked.delete(name);
    const search = asked.size ? `?${asked}` : "";
    navigate(location.pathname + search, { replace: true, preventScrollReset: true });
  };

  return (
    <dialog {...props} ref={dialog} onClose={closed}>
      {children}
    </dialog>
  );
}

// Moves the focus into the search field on "/", unless somebody types or a dialog is open.
export function SlashKey({ field }) {
  useEffect(() => {
    const pressed = (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
      event.preventDefault();
      document.getElementById(field)?.focus();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [field]);
  return null;
}

// Tells whether the list that follows has been scrolled into: what comes meanwhile shall not move it.
export function ScrollWatch({ onScrolled }) {
  const place = useRef(null);
  const tell = useRef(onScrolled);
  tell.current = onScrolled;

  useEffect(() => {
    let was = null;
    // What lies below the window counts as within it: only who scrolls beyond leaves it.
    const watcher = new IntersectionObserver(([entry]) => {
      const is = !entry.isIntersecting;
      if (is === was) return;
      tell.current?.((was = is));
      place.current.dataset.scrolled = is;
    }, { rootMargin: "0px 0px 9999999px 0px" });
    watcher.observe(place.current);
    return () => watcher.disconnect();
  }, []);

  return <div ref={place} aria-hidden="true" />;
}
