import React, { useState } from "react";

// Copies a text and says so for two seconds, also to a screen reader.
export function CopyButton({ text, label, done, className }) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // no clipboard without https: the old way still works
      const field = document.createElement("textarea");
      field.value = text;
      (document.querySelector("dialog[open]") ?? document.body).append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return (
    <button type="button" className={className} onClick={copy}>
      <span aria-live="polite">{isDone ? done : label}</span>
    </button>
  );
}
