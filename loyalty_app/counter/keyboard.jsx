// Codes that are typed, pasted, or come from a hand scanner that types like a keyboard.

import React, { useEffect, useRef } from "react";
import { ask, askInTurn, hint, usePhase } from "./attempt.jsx";
import { decodeFile } from "./decode.jsx";
import { useOpen } from "./dialog.jsx";
import { candidates } from "./turns.jsx";

const BETWEEN = 50; // no hand types letter after letter within so many milliseconds, on the whole
const GAP = 120; // a busy tablet hands a single key on late
const PAUSE = 150; // a hand scanner without Enter or Tab at its end is done by then
const LEAST = 4; // letters, with an end
const LEAST_UNENDED = 6;
const ECHO = 1000; // the same code again within this is one pull of the trigger
const STRAGGLER = 300; // an end may come late, or twice
const ENDS = new Set(["Enter", "Tab"]);
const IDLE = new Set(["Process", "Unidentified", "Dead", "Shift", "CapsLock", "NumLock", "Alt", "AltGraph", "Control"]);
const MARKS = /^\][A-Za-z]\d/; // what some put in front to say which kind of code it was
const AROUND = /^[^\p{L}\p{N}]+|[^\p{L}\p{N}=_/-]+$/gu;

const isField = (element) => Boolean(element) && "value" in element && element.tagName !== "BUTTON";
const isLetter = (event) => event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;

// Put back what was in a field before, so that whoever listens to it sees that too.
function restore(field, value) {
  const setter = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value")?.set;
  setter?.call(field, value);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// Listen to every key of the page; `fire` gets what was typed faster than a hand can.
function listen(fire) {
  let burst = null, timer, last = { text: "", at: -ECHO };

  const pace = () => (burst.at - burst.from) / (burst.text.length - 1);
  const isDone = (least) => burst && burst.text.length >= least && pace() <= BETWEEN;
  const take = () => {
    const { text, field, value } = burst;
    burst = null;
    clearTimeout(timer);
    if (field) restore(field, value);
    const bare = text.replace(MARKS, "").replace(AROUND, "");
    const now = performance.now();
    const isEcho = bare === last.text && now - last.at < ECHO;
    last = { text: bare, at: now };
    if (bare && !isEcho) fire(bare);
  };
  const pressed = (event) => {
    if (event.isComposing || IDLE.has(event.key)) return;
    const isFast = burst && event.timeStamp - burst.at <= GAP;
    if (ENDS.has(event.key)) {
      const isAfter = !burst && performance.now() - last.at < STRAGGLER;
      if (isAfter || (isFast && isDone(LEAST))) {
        event.preventDefault();
        event.stopImmediatePropagation();
        if (burst) take();
      }
      burst = null;
      return;
    }
    if (isFast && event.ctrlKey) return event.preventDefault(); // a line feed, which browsers take for a shortcut
    if (!isLetter(event) || event.repeat) {
      burst = null;
      return;
    }
    if (!isFast) {
      const field = document.activeElement;
      burst = { text: "", from: event.timeStamp, ...(isField(field) && { field, value: field.value }) };
    }
    burst.text += event.key;
    burst.at = event.timeStamp;
    clearTimeout(timer);
    timer = setTimeout(() => (isDone(LEAST_UNENDED) ? take() : undefined), PAUSE);
  };

  window.addEventListener("keydown", pressed, true);
  return () => {
    clearTimeout(timer);
    window.removeEventListener("keydown", pressed, true);
  };
}

export function Entry({ onAsk, className, children }) {
  const form = useRef(null);
  const told = useRef(onAsk);
  told.current = onAsk;
  const isBusy = usePhase() === "checking";
  const isOpen = useOpen(form);
  const send = (what) => told.current?.(what);
  const look = async (file) => {
    let texts = [];
    try { texts = await decodeFile(file); } catch { /* no picture, or none that this browser reads */ }
    const [first, ...more] = candidates(texts);
    if (!first) return hint("empty");
    return more.length ? hint("two") : askInTurn({ text: first.text }, send);
  };

  useEffect(() => {
    if (!isOpen) return undefined;
    // A letter that nobody else wants goes into the field; before `listen`, which remembers where it went.
    const type = (event) => {
      const isForNobody = document.activeElement === document.body || document.activeElement === null;
      if (isForNobody && isLetter(event) && /[\p{L}\p{N}]/u.test(event.key)) form.current?.elements.code?.focus();
    };
    const paste = (event) => {
      const picture = [...(event.clipboardData?.files ?? [])].find((file) => file.type.startsWith("image/"));
      const text = event.clipboardData?.getData("text").trim();
      if (!picture && (!text || isField(event.target))) return;
      event.preventDefault();
      if (picture) look(picture);
      else askInTurn({ text }, send);
    };
    window.addEventListener("keydown", type, true);
    document.addEventListener("paste", paste);
    const silence = listen((text) => askInTurn({ text }, send));
    return () => {
      silence();
      window.removeEventListener("keydown", type, true);
      document.removeEventListener("paste", paste);
    };
  }, [isOpen]);

  const submit = (event) => {
    event.preventDefault();
    const field = form.current.elements.code;
    const text = field.value.trim();
    const isTouched = matchMedia("(pointer: coarse)").matches;
    const isSent = ask({ text }, send, () => {
      if (field.value.trim() === text) field.value = "";
      if (!isTouched) field.focus();
    });
    if (!isSent) return undefined;
    if (isTouched && text) field.blur(); // else the screen's keyboard covers the answer
    else field.select();
    return undefined;
  };
  const choosePhoto = ({ target }) => {
    const [file] = target.files;
    target.value = ""; // the same one may be chosen again
    if (file) look(file);
  };
  const pasteHere = async () => {
    try {
      for (const item of await navigator.clipboard.read()) {
        const kind = item.types.find((type) => type.startsWith("image/"));
        if (kind) return look(await item.getType(kind));
        const text = item.types.includes("text/plain") ? (await (await item.getType("text/plain")).text()).trim() : "";
        if (text) return askInTurn({ text }, send);
      }
    } catch { /* not allowed: the keyboard's own paste still is */ }
    return form.current.elements.code.focus();
  };

  return (
    <form ref={form} className={className} onSubmit={submit} autoComplete="off" noValidate data-busy={isBusy || undefined}>
      {children}
      <label className="counter-way">
        <span aria-hidden="true"><svg viewBox="0 0 24 24"><path d="M4 7h4l2-3h4l2 3h4v13H4ZM12 10a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7Z" /></svg></span>
        Photo
        <input type="file" accept="image/*" className="counter-unseen" aria-label="Photo of a code" onChange={choosePhoto} />
      </label>
      {navigator.clipboard?.read && (
        <button type="button" className="counter-way" onClick={pasteHere}>
          <span aria-hidden="true"><svg viewBox="0 0 24 24"><path d="M8 5H5v16h14V5h-3M9 3h6v4H9Z" /></svg></span>
          Paste
        </button>
      )}
    </form>
  );
}
