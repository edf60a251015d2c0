import { useEffect, useRef, useState } from "react";

let made = 0;
const keyed = (row) => ({ ...row, id: ++made });
const read = (text) => JSON.parse(text || "[]").map(keyed);
const written = (rows) => JSON.stringify(rows.map(({ id, ...row }) => row));

// Rows that the form around them sends, and remembers, as one hidden field.
function useRows(value) {
  const [rows, setRows] = useState(() => read(value));
  const hidden = useRef(null);
  const place = useRef(null);
  const next = useRef(null); // where the focus goes once the rows stand
  const text = written(rows);
  const shown = useRef(text);
  shown.current = text;

  // The form's memory sets the hidden field and says so by an event, as it does with every other field.
  useEffect(() => {
    const field = hidden.current;
    const take = () => field.value !== shown.current && setRows(read(field.value));
    field.addEventListener("input", take);
    return () => field.removeEventListener("input", take);
  }, []);

  // What is changed here is told in the same way.
  const told = useRef(text);
  useEffect(() => {
    if (next.current) place.current.querySelector(next.current)?.focus();
    next.current = null;
    if (told.current === text) return;
    told.current = text;
    hidden.current.dispatchEvent(new Event("input", { bubbles: true }));
  }, [rows]);

  return {
    rows,
    hidden,
    place,
    text,
    change: (id, part) => setRows(rows.map((row) => (row.id === id ? { ...row, ...part } : row))),
    add: (row) => {
      const added = keyed(row);
      next.current = `[data-row="${added.id}"] input`;
      setRows([...rows, added]);
    },
    remove: (id) => {
      const at = rows.findIndex((row) => row.id === id);
      const neighbour = rows[at + 1] ?? rows[at - 1];
      next.current = neighbour ? `[data-row="${neighbour.id}"] input` : "[data-add]";
      setRows(rows.filter((row) => row.id !== id));
    },
    move: (id, by) => {
      const at = rows.findIndex((row) => row.id === id);
      const moved = rows.filter((row) => row.id !== id);
      moved.splice(at + by, 0, rows[at]);
      const isAtEnd = at + by === (by < 0 ? 0 : rows.length - 1);
      next.current = `[data-row="${id}"] [data-move="${isAtEnd ? -by : by}"]`;
      setRows(moved);
    },
  };
}

const Sign = ({ d }) => (
  <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" className="icon" aria-hidden="true">
    <path d={d} />
  </svg>
);
const CROSS = "M6 6l12 12M18 6 6 18";
const UP = "M12 19V5M6 11l6-6 6 6";
const DOWN = "M12 5v14M6 13l6 6 6-6";
const PLUS = "M12 5v14M5 12h14";

const Button = ({ sign, label, ...props }) => (
  <button type="button" className="button icon-only" aria-label={label} title={label} {...props}>
    <Sign d={sign} />
  </button>
);

// The frame of rows: the field that the form sends, the list, and the button for one more.
function Rows({ name, list: { rows, hidden, place, text, add }, most, empty, words, children }) {
  return (
    <div className="row-list" ref={place}>
      <input ref={hidden} type="hidden" name={name} value={text} data-remember="true" />
      {children}
      <button
        type="button"
        className="button"
        id={rows.length ? undefined : name}
        data-add
        disabled={rows.length >= most}
        onClick={() => add(empty)}
      >
        <Sign d={PLUS} />
        {words}
      </button>
    </div>
  );
}

// What every code of a batch carries: a key and a value in each row.
export function ParameterRows({ name, value, described = "", invalid = "false", most = 20 }) {
  const list = useRows(value);
  const { rows, change, remove } = list;
  return (
    <Rows name={name} list={list} most={most} empty={{ key: "", value: "" }} words="Add parameter">
      <ul>
        {rows.map((row, at) => (
          <li key={row.id} data-row={row.id} className="parameter-row">
            <label>
              <span>Key<span className="unseen"> {at + 1}</span></span>
              <input
                id={at === 0 ? name : undefined}
                value={row.key}
                onChange={(event) => change(row.id, { key: event.target.value })}
                aria-describedby={described}
                aria-invalid={invalid}
                autoComplete="off"
                spellCheck="false"
              />
            </label>
            <label>
              <span>Value<span className="unseen"> {at + 1}</span></span>
              <input
                value={row.value}
                onChange={(event) => change(row.id, { value: event.target.value })}
                inputMode={row.key.trim().toLowerCase() === "points" ? "numeric" : undefined}
                aria-describedby={described}
                aria-invalid={invalid}
                autoComplete="off"
                spellCheck="false"
              />
            </label>
            <Button sign={CROSS} label={`Remove parameter ${row.key || at + 1}`} onClick={() => remove(row.id)} />
          </li>
        ))}
      </ul>
    </Rows>
  );
}

// What who redeems is asked: a label, what kind of answer, and whether it must be there.
export function QuestionRows({ name, value, types, described = "", invalid = "false", most = 12 }) {
  const list = useRows(value);
  const { rows, change, remove, move } = list;
  const empty = { label: "", type: "text", is_required: true, choices: "" };
  return (
    <Rows name={name} list={list} most={most} empty={empty} words="Add field">
      <ol>
        {rows.map((row, at) => (
          <li key={row.id} data-row={row.id} className="question-row">
            <label className="words">
              <span>Label<span className="unseen"> {at + 1}</span></span>
              <input
                id={at === 0 ? name : undefined}
                value={row.label}
                onChange={(event) => change(row.id, { label: event.target.value })}
                aria-describedby={described}
                aria-invalid={invalid}
                autoComplete="off"
              />
            </label>
            <label className="kind">
              <span>Type<span className="unseen"> {at + 1}</span></span>
              <select value={row.type} onChange={(event) => change(row.id, { type: event.target.value })}>
                {types.map(([kind, words]) => (
                  <option key={kind} value={kind}>{words}</option>
                ))}
              </select>
            </label>
            {row.type === "choice" && (
              <label className="choices">
                <span>Answers to choose from, one a line<span className="unseen"> {at + 1}</span></span>
                <textarea rows="3" value={row.choices} onChange={(event) => change(row.id, { choices: event.target.value })} />
              </label>
            )}
            <label className="check">
              <input type="checkbox" checked={row.is_required} onChange={(event) => change(row.id, { is_required: event.target.checked })} />
              <span>Required<span className="unseen"> {at + 1}</span></span>
            </label>
            <span className="tools">
              <Button sign={UP} label={`Move ${row.label || `field ${at + 1}`} up`} data-move="-1" disabled={at === 0} onClick={() => move(row.id, -1)} />
              <Button sign={DOWN} label={`Move ${row.label || `field ${at + 1}`} down`} data-move="1" disabled={at === rows.length - 1} onClick={() => move(row.id, 1)} />
              <Button sign={CROSS} label={`Remove ${row.label || `field ${at + 1}`}`} onClick={() => remove(row.id)} />
            </span>
          </li>
        ))}
      </ol>
    </Rows>
  );
}
