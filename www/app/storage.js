// The browser's storage may be switched off or full; then things last as long as the page.

/** What is stored under `key` in `localStorage` or `sessionStorage` (`area`), or null. */
export function read(area, key) {
  try {
    return globalThis[area].getItem(key);
  } catch {
    return null;
  }
}

/** Stores `text`; false when it could not. */
export function write(area, key, text) {
  try {
    globalThis[area].setItem(key, text);
    return true;
  } catch {
    return false;
  }
}

/** Removes what is stored under `key`. */
export function remove(area, key) {
  try {
    globalThis[area].removeItem(key);
  } catch {
    // Then nothing was stored either.
  }
}

/** All keys of `localStorage` that begin with `prefix`. */
export function keys(prefix) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}
