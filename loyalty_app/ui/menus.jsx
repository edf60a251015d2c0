import { useEffect } from "react";

// Menus made of <details> close on Escape, on a click elsewhere, and when an item that opens something was chosen.
const MENUS = "details.actions-menu[open], details.account[open]";

export function Menus() {
  useEffect(() => {
    const close = (menu, focus) => {
      menu.open = false;
      if (focus) menu.querySelector("summary")?.focus();
    };
    const onKey = (event) => {
      if (event.key === "Escape") document.querySelectorAll(MENUS).forEach((menu) => close(menu, menu.contains(document.activeElement)));
    };
    const onClick = (event) => {
      document.querySelectorAll(MENUS).forEach((menu) => {
        if (!menu.contains(event.target) || event.target.closest("[data-closes]")) close(menu, false);
      });
    };
    document.addEventListener("keydown", onKey);
    document.addEventListener("click", onClick);
    return () => {
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("click", onClick);
    };
  }, []);
  return null;
}
