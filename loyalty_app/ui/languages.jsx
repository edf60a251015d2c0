import { useEffect } from "react";
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
  const { search } = useLocation();
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
