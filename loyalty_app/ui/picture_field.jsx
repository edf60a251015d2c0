import React, { useEffect, useRef, useState } from "react";

const MOST_BYTES = 5_000_000;

// Uploads a picture as soon as it is chosen; the form around it sends the digest that names it.
export function PictureField({ id, name, value = "", described = "", invalid = "false", drop = "Choose a picture" }) {
  const [digest, setDigest] = useState(value);
  const [share, setShare] = useState(null);
  const [problem, setProblem] = useState("");
  const [said, setSaid] = useState("");
  const hidden = useRef(null);
  const file = useRef(null);
  const running = useRef(null);

  const given = useRef(value);
  useEffect(() => {
    if (given.current === value) return;
    given.current = value;
    setDigest(value);
  }, [value]);
  useEffect(() => () => running.current?.abort(), []);

  // The form's memory sets the hidden field and says so by an event, as it does with every other field.
  useEffect(() => {
    const field = hidden.current;
    const take = () => setDigest(field.value);
    const wait = (event) => {
      if (!running.current) return;
      event.preventDefault();
      event.stopPropagation();
      setProblem("Wait a moment: the picture is still on its way.");
      file.current.focus();
    };
    const form = field.form;
    field.addEventListener("input", take);
    form?.addEventListener("submit", wait);
    return () => {
      field.removeEventListener("input", take);
      form?.removeEventListener("submit", wait);
    };
  }, []);

  const change = (next, words) => {
    setDigest(next);
    setSaid(words);
    hidden.current.value = next;
    hidden.current.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const upload = (chosen) => {
    if (!chosen) return;
    running.current?.abort();
    setProblem("");
    if (chosen.size > MOST_BYTES) {
      setProblem("This file is too large. Use a picture of at most 5 MB.");
      return;
    }
    const request = new XMLHttpRequest(); // fetch tells no progress
    const end = (sentence) => {
      if (running.current !== request) return;
      running.current = null;
      setShare(null);
      if (sentence) setProblem(sentence);
    };
    running.current = request;
    setShare(0);
    setSaid("Uploading.");
    request.upload.onprogress = (event) => event.lengthComputable && setShare(Math.round((event.loaded * 100) / event.total));
    request.onerror = () => end("No connection to the server. Check the network and choose the picture again.");
    request.onload = () => {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch { /* not from us: said below */ }
      if (request.status === 201) {
        end("");
        change(answer.digest, "The picture is uploaded.");
      } else {
        end(answer.problems?.picture ?? answer.detail ?? "This did not work. Choose the picture again.");
      }
    };
    request.open("POST", "/pictures");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(chosen);
  };

  const chosen = (event) => {
    upload(event.target.files[0]);
    event.target.value = ""; // so that the same file can be chosen again
  };
  const dropped = (event) => {
    event.preventDefault();
    upload(event.dataTransfer.files[0]);
  };
  const remove = () => {
    running.current?.abort();
    running.current = null;
    setShare(null);
    setProblem("");
    change("", "The picture is removed.");
    file.current.focus();
  };

  return (
    <div className="picture-field" onDragOver={(event) => event.preventDefault()} onDrop={dropped}>
      <input ref={hidden} type="hidden" name={name} value={digest} data-remember="true" />
      {digest ? <img src={`/pictures/${digest}`} alt="The picture as it is kept" /> : <span className="nothing" aria-hidden="true" />}
      <div className="tools">
        <label className="button" htmlFor={id}>
          {digest ? "Choose another" : drop}
          <input
            ref={file}
            id={id}
            type="file"
            accept="image/png,image/jpeg,image/webp,image/gif"
            aria-describedby={`${described} ${id}-said`}
            aria-invalid={problem ? "true" : invalid}
            onChange={chosen}
          />
        </label>
        {(digest || share !== null) && (
          <button type="button" className="button quiet" onClick={remove}>
            {share === null ? "Remove picture" : "Stop"}
          </button>
        )}
        {share !== null && <progress value={share} max="100" aria-label="Uploading the picture" />}
      </div>
      <p id={`${id}-said`} className="problem" role="alert">{problem}</p>
      <span className="unseen" role="status">{said}</span>
    </div>
  );
}
