// Whether a part of the page is to be seen: within a dialog only while that is open.

import { useEffect, useState } from "react";

export function useOpen(place) {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const dialog = place.current?.closest("dialog");
    const look = () => setOpen(!dialog || dialog.open);
    look();
    if (!dialog) return undefined;
    const watcher = new MutationObserver(look);
    watcher.observe(dialog, { attributes: true, attributeFilter: ["open"] });
    return () => watcher.disconnect();
  }, [place]);
  return isOpen;
}
