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
    const fields = () => [...form.elements].filter((field) => field.name && field.type !== "password" && field.type !== "hidden");
    const isTyped = (field) => field.defaultValue !== undefined && field.value !== field.defaultValue;
    const kept = JSON.parse(sessionStorage.getItem(`form:${name}`) ?? "{}");
    for (const field of fields()) {
      if (field.type === "radio") {
        if (kept[field.name] === field.value && !field.checked) field.click();
      } else if (kept[field.name] !== undefined && kept[field.name] !== field.value && !isTyped(field)) {
        const prototype = Object.getPrototypeOf(field);
        Object.getOwnPropertyDescriptor(prototype, "value").set.call(field, kept[field.name]);
        field.dispatchEvent(new Event(field.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
      }
    }
    const keep = () => {
      const now = Object.fromEntries(fields().filter((field) => field.type !== "radio" || field.checked).map((field) => [field.name, field.value]));
      sessionStorage.setItem(`form:${name}`, JSON.stringify(now));
    };
    // What was typed before this was loaded counts too.
    if (fields().some(isTyped)) keep();
    form.addEventListener("input", keep);
    form.addEventListener("change", keep);
    return () => {
      form.removeEventListener("input", keep);
      form.removeEventListener("change", keep);
    };
  }, [name, forget]);

  return <span ref={place} hidden />;
}
