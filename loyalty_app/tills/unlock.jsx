import React, { useEffect, useRef, useState } from "react";
import { saidOf, unsent } from "$/public/external/loyalty_app/ui/forms/kept.jsx";

const LOOK_EVERY = 15000;
const LONGEST = 8;
const FEW = 12; // so many are found at a glance
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
const OFFLINE = "No connection to the server. Check the network and try again.";

// Where to go on: the page that was asked for, if it is one of ours.
function goal() {
  const next = new URLSearchParams(window.location.search).get("next") ?? "";
  return /^\/(?![/\\])/.test(next) ? next : "/scan/";
}
const signIn = () => `/sign-in/?next=${encodeURIComponent(goal())}`;

// Who is it, and do they know their PIN? Names come from the server, which tells them to an enrolled device only.
export function Unlock() {
  const [told, setTold] = useState(null);
  const [isLost, setLost] = useState(false);
  const [who, setWho] = useState(null);
  const [text, setText] = useState("");
  const [isMany, setMany] = useState(false); // from then on the field stays, or it would go while somebody types in it

  useEffect(() => {
    let isOver = false;
    const look = async () => {
      if (document.visibilityState !== "visible") return;
      try {
        const said = await (await fetch(`/auth/device?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } })).json();
        if (isOver) return;
        if (said.standing === "none") window.location.replace(signIn());
        else setTold({ ...said, asked: text });
        setMany((was) => was || said.people?.length > FEW);
        setLost(false);
      } catch {
        if (!isOver) setLost(true);
      }
    };
    look();
    const clock = setInterval(look, LOOK_EVERY);
    document.addEventListener("visibilitychange", look);
    return () => {
      isOver = true;
      clearInterval(clock);
      document.removeEventListener("visibilitychange", look);
    };
  }, [text]);

  if (!told || told.standing === "none") {
    return <div className="till-panel">
      <h1>Unlock</h1>
      <p role="status">{isLost ? OFFLINE : "One moment…"}</p>
    </div>;
  }
  if (told.standing === "revoked") {
    return <div className="till-panel" role="alert">
      <h1>This tablet is not enrolled any more</h1>
      <p>An admin has taken it out. Nothing can be redeemed on it. Ask an admin to add it again.</p>
      <Unsent then="Sign in to send them." />
      <p><a className="till-other" href={signIn()}>Sign in with e-mail and password</a></p>
    </div>;
  }
  if (told.asksPassword) {
    return <div className="till-panel" role="alert">
      <p className="till-where" dir="auto">{told.device} · {told.place}</p>
      <h1>Too many wrong PINs</h1>
      <p>This tablet takes no PIN for now. Sign in with your password, and tell an admin.</p>
      <Unsent then="Sign in to send them." />
      <p><a className="till-other" href={signIn()}>Sign in with e-mail and password</a></p>
    </div>;
  }
  return <div className="till-panel">
    <p className="till-where" dir="auto">{told.device} · {told.place}</p>
    {who ? <Pad who={who} back={() => setWho(null)} /> : <People {...told} isMany={isMany} text={text} find={setText} choose={setWho} />}
    {isLost && <p role="status">{OFFLINE}</p>}
    <Unsent then="Unlock it to send them." />
    <p><a className="till-other" href={signIn()}>Sign in with e-mail and password</a></p>
  </div>;
}

// Nobody forgets what was scanned without a connection, and is kept here for whoever comes in next.
function Unsent({ then }) {
  const [number, setNumber] = useState(0);
  useEffect(() => { unsent().then(setNumber); }, []);
  return number > 0 && <p className="till-unsent">{saidOf(number)} {then}</p>;
}

// What is shown answers what was `asked`, which may be older than the text.
function People({ people, hasMore, asked, isMany, text, find, choose }) {
  if (!people.length && !asked && !text) {
    return <>
      <h1>Nobody has a PIN yet</h1>
      <p>Sign in with e-mail and password, and choose one under My account. Then this tablet is unlocked with it.</p>
    </>;
  }
  return <>
    <h1>Who are you?</h1>
    {isMany && <div className="till-find">
      <label htmlFor="find">Find your name</label>
      <input id="find" type="search" autoComplete="off" value={text} maxLength={80} onChange={(event) => find(event.target.value)} />
    </div>}
    <p className="till-found" role="status">
      {!people.length ? text && "Nobody of this name has a PIN." : hasMore ? "There are more. Enter a part of your name." : ""}
    </p>
    <ul className="till-people">
      {people.map((one) => (
        <li key={one.id}>
          <button type="button" onClick={() => choose(one)} dir="auto">
            {one.name}{one.hint && <> <small dir="ltr">{one.hint}</small></>}
          </button>
        </li>
      ))}
    </ul>
  </>;
}

function Pad({ who, back }) {
  const field = useRef(null);
  const [pin, setPin] = useState("");
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const enter = (text) => { setProblem(""); setPin(text.replace(/\D/g, "").slice(0, LONGEST)); };
  useEffect(() => { field.current?.focus(); }, []);

  const submit = async (event) => {
    event.preventDefault();
    if (isBusy || !pin) return;
    setBusy(true);
    setProblem("");
    try {
      const body = new FormData();
      body.append("account", who.id);
      body.append("pin", pin);
      const answer = await fetch("/auth/pin", { method: "POST", body, headers: { Accept: "application/json", "Accept-Language": "en" } });
      const said = await answer.json();
      if (answer.ok) {
        window.location.assign(said.next);
        return; // stays busy until the next page is there
      }
      setProblem(said.detail ?? "This did not work. Try again.");
    } catch {
      setProblem(OFFLINE);
    }
    setPin("");
    setBusy(false);
    field.current?.focus();
  };

  return <>
    <h1 dir="auto">{who.name}</h1>
    {who.hint && <p dir="ltr">{who.hint}</p>}
    <form className="till-pad" onSubmit={submit} aria-busy={isBusy} noValidate>
      <label htmlFor="pin">PIN</label>
      <input ref={field} id="pin" type="password" inputMode="none" autoComplete="off" value={pin} maxLength={LONGEST}
        onChange={(event) => enter(event.target.value)} aria-describedby="pin-problem" aria-invalid={problem ? "true" : "false"} />
      <p id="pin-problem" className="till-problem" role="alert">{problem}</p>
      <div className="till-keys" role="group" aria-label="Number pad">
        {KEYS.map((key) => <button key={key} type="button" onClick={() => enter(pin + key)}>{key}</button>)}
        <button type="button" onClick={() => enter(pin.slice(0, -1))} aria-label="Delete the last digit">⌫</button>
        <button type="button" onClick={() => enter(pin + "0")}>0</button>
        <button type="submit" className="till-go">Unlock</button>
      </div>
      <button type="button" className="till-back" onClick={back}>Somebody else</button>
    </form>
  </>;
}
