import { useEffect, useRef } from "react";

// Keeps what is typed into the surrounding form over a reload of this tab; never a password.
export function FormMemory({ name, forget = "" }) {
  const place = useRef(null);

  useEffect(() => {
    if (forget) {
      sessionStorage.removeItem(`form:${forget}`);
      return undefined;
    }
    const form = place.current?.closest("form");
    if (!form) return undefined;
    const isRemembered = (field) =>
      field.name &&
      field.type !== "password" &&
      field.autocomplete !== "one-time-code" &&
      (field.type !== "hidden" || field.dataset.remember);
    const isChoice = (field) => field.type === "radio" || field.type === "checkbox";
    const fields = () => [...form.elements].filter(isRemembered);
    const isTyped = (field) =>
      isChoice(field)
        ? field.checked !== field.defaultChecked
        : field.type !== "hidden" && field.defaultValue !== undefined && field.value !== field.defaultValue;
    const kept = JSON.parse(sessionStorage.getItem(`form:${name}`) ?? "{}");
    const restore = (field) => {
      if (isChoice(field)) {
        if (kept[field.name] === field.value && !field.checked) field.click();
      } else if (kept[field.name] !== undefined && kept[field.name] !== field.value && !isTyped(field)) {
        const prototype = Object.getPrototypeOf(field);
        Object.getOwnPropertyDescriptor(prototype, "value").set.call(field, kept[field.name]);
        field.dispatchEvent(new Event(field.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
      }
    };
    const seen = new WeakSet();
    // What is brought back tells of it too, while the fields behind it still stand empty.
    let isRestoring = false;
    const restoreNew = () => {
      isRestoring = true;
      for (const field of fields().filter((one) => !seen.has(one))) {
        seen.add(field);
        restore(field);
      }
      isRestoring = false;
    };
    const keep = () => {
      if (isRestoring) return;
      // A field that is away for now, because another answer made it so, keeps its answer too.
      for (const field of fields()) {
        if (field.type === "checkbox") kept[field.name] = field.checked ? field.value : "";
        else if (field.type !== "radio" || field.checked) kept[field.name] = field.value;
      }
      sessionStorage.setItem(`form:${name}`, JSON.stringify(kept));
    };
    restoreNew();
    // Some fields come and go with the answer to another one.
    const arrivals = new MutationObserver(restoreNew);
    arrivals.observe(form, { childList: true, subtree: true });
    // What was typed before this was loaded counts too.
    if (fields().some(isTyped)) keep();
    form.addEventListener("input", keep);
    form.addEventListener("change", keep);
    return () => {
      arrivals.disconnect();
      form.removeEventListener("input", keep);
      form.removeEventListener("change", keep);
    };
  }, [name, forget]);

  return <span ref={place} hidden />;
}
