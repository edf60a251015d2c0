import React, { useRef, useState } from "react";

// From a line of the list of errors to its field, without leaving the page.
export function ProblemLink({ field, words }) {
  const go = (event) => {
    event.preventDefault();
    const place = document.getElementById(field);
    place?.closest("details")?.setAttribute("open", "");
    place?.focus();
  };
  return <a href={`#${field}`} onClick={go}>{words}</a>;
}

// A form that posts to a plain route (only a response can set an HttpOnly cookie) and shows the answer in place:
// what was typed stays, each wrong field says why, and a summary above links to them.
// With `unsent` it is one that ends a session: whoever leaves scans behind is told so first, and leaves nothing else.
export function PostForm({ action, children, className, quiet = false, failed, offline, unsent = "" }) {
  const form = useRef(null);
  const isWarned = useRef(false);
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);

  const submit = async (event) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setProblem(null);
    const kept = unsent ? await import("$/public/external/loyalty_app/ui/forms/kept.jsx").catch(() => null) : null;
    const areLeft = Boolean(kept && (await kept.unsent()));
    const body = new FormData(form.current, event.nativeEvent.submitter);
    if (areLeft && !isWarned.current && !body.has("unsent")) {
      isWarned.current = true;
      setProblem({ detail: unsent, fields: {} });
      setBusy(false);
      return;
    }
    if (areLeft) body.set("unsent", "yes");
    try {
      // The answer speaks the language of the page, whatever the browser prefers.
      const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang };
      const answer = await fetch(action, { method: "POST", body, headers });
      const said = await answer.json();
      if (answer.ok) {
        if (areLeft) await kept.forgetTheRest();
        window.location.assign(said.next);
        return; // stays busy until the next page is there
      }
      setProblem({ detail: said.detail ?? failed, fields: said.problems ?? {} });
    } catch {
      setProblem({ detail: offline, fields: {} });
    }
    setBusy(false);
  };

  const fields = problem?.fields ?? {};
  React.useEffect(() => {
    if (!form.current) return;
    for (const field of form.current.querySelectorAll("[name]")) {
      const text = fields[field.name];
      const place = form.current.querySelector(`[data-problem-of="${field.name}"]`);
      if (place) place.textContent = text ?? "";
      if (text) {
        field.setAttribute("aria-invalid", "true");
        field.closest("details")?.setAttribute("open", "");
      } else field.removeAttribute("aria-invalid");
    }
    if (problem) form.current.querySelector("[data-summary]")?.focus();
  }, [problem]);

  const names = Object.keys(fields);
  // Two fields with the same fault are told apart by their labels.
  const told = (name) => {
    const isAlone = names.every((other) => other === name || fields[other] !== fields[name]);
    const label = form.current?.querySelector(`label[for="${CSS.escape(name)}"]`)?.textContent;
    return isAlone || !label ? fields[name] : `${label}: ${fields[name]}`;
  };
  return (
    <form ref={form} action={action} method="post" noValidate onSubmit={submit} className={className} aria-busy={isBusy} data-busy={isBusy || undefined}>
      {problem && !quiet && (
        <div className="summary" role="alert" tabIndex={-1} data-summary>
          {names.length ? (
            <ul>
              {names.map((name) => (
                <li key={name}>
                  <ProblemLink field={name} words={told(name)} />
                </li>
              ))}
            </ul>
          ) : (
            <p>{problem.detail}</p>
          )}
        </div>
      )}
      {children}
    </form>
  );
}
