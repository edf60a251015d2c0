import { useEffect, useState } from "react";
import { useLocation, useParams } from "react-router";

// Tells the browser and screen readers which language the page speaks, and from which side it is read.
export function HtmlLanguage({ language, direction }) {
  useEffect(() => {
    const root = document.documentElement;
    root.lang = language;
    root.dir = direction;
    return () => {
      root.lang = "en";
      root.dir = "ltr";
    };
  }, [language, direction]);
  return null;
}

// The same page in each language; what stands after the path stays.
export function LanguageSwitch({ label, here, choices }) {
  // Only after the first drawing: a page that was drawn ahead knows no query, and its links would be left as they are.
  const [search, setSearch] = useState("");
  const { search: now } = useLocation();
  useEffect(() => setSearch(now), [now]);
  const params = useParams();
  const address = (path) => path.replace(/\[(\w+)\]/g, (_, name) => encodeURIComponent(params[name] ?? "")) + search;
  return (
    <nav aria-label={label} className="languages">
      {choices.map(({ tag, name, path }) => (
        <a key={tag} href={address(path)} lang={tag} hrefLang={tag} aria-current={tag === here ? "true" : undefined}>
          {name}
        </a>
      ))}
    </nav>
  );
}

// The first stop of the keyboard. A plain link: the router's own would leave the query behind.
export function SkipLink({ words }) {
  return <a href="#content" className="skip">{words}</a>;
}

// The end of something on the clock of whoever reads: `end` names the instant and, before its offset, the clock of
// the shop. Where both clocks show the same there is nothing to add.
export function ReaderTime({ end, language, words }) {
  if (!end) return null;
  const at = new Date(end);
  const two = (number) => String(number).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const here = `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
  if (end.startsWith(here)) return null;
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", numberingSystem: "latn" };
  const date = end.startsWith(day) ? {} : { weekday: "short", day: "numeric", month: "short" };
  const said = new Intl.DateTimeFormat(language, { ...clock, ...date }).format(at);
  return <time dateTime={end} className="reader-time"> {words.replace("{time}", said)}</time>;
}
