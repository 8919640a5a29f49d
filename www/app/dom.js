// Building elements. Text only ever becomes text nodes: nothing in the page parses HTML at run time.

/**
 * An element. `on…` properties are listeners, `dataset` fills data attributes, `class` the class list,
 * every other one is an attribute (left out when null, undefined or false). Children may be nested lists.
 */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (name === "class") el.className = value;
    else if (name === "dataset") Object.assign(el.dataset, value);
    else el.setAttribute(name, value === true ? "" : String(value));
  }
  el.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return el;
}

const SVG = "http://www.w3.org/2000/svg";

/** An element of SVG with these attributes. */
export function svg(tag, attributes, ...children) {
  const el = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
  el.append(...children);
  return el;
}

/** Outlines on a 24 × 24 grid. */
const ICONS = {
  back: "M15 5l-7 7 7 7",
  plus: "M12 5v14M5 12h14",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20",
  leave: "M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M10 8l-4 4 4 4M6 12h9",
  globe: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c2.5 2.6 3.7 5.6 3.7 9S14.5 18.4 12 21c-2.5-2.6-3.7-5.6-3.7-9S9.5 5.6 12 3z",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14.2c.8 1.2 2 1.9 3.5 1.9s2.7-.7 3.5-1.9M9 9.6v.6M15 9.6v.6",
  send: "M4.5 12L20 4.5 15.5 20l-3.7-6.3L4.5 12zM11.8 13.7L20 4.5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  clock: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 8v4.3l2.8 1.7",
  warn: "M12 7v6M12 16.5v.3",
  down: "M12 5v14M6 13l6 6 6-6",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  close: "M6 6l12 12M18 6L6 18",
  group: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5c.3-3.4 2.9-5.5 6.5-5.5s6.2 2.1 6.5 5.5M15.5 4.9a3.3 3.3 0 0 1 0 6.2M17.5 14.4c2.3.6 3.8 2.4 4 5.1",
  person: "M12 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20c.4-3.7 3.4-6 7.5-6s7.1 2.3 7.5 6",
  newGroup: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5c.3-3.4 2.9-5.5 6.5-5.5s6.2 2.1 6.5 5.5M19 7v6M16 10h6",
  edit: "M4.5 19.5l1-4L16 5l3 3L8.5 18.5l-4 1zM13.8 7.2l3 3",
  out: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM8 12h8",
  again: "M19.5 12a7.5 7.5 0 1 1-2.4-5.5M19.5 3.5v4h-4",
  image: "M6 4.5h12A2.5 2.5 0 0 1 20.5 7v10a2.5 2.5 0 0 1-2.5 2.5H6A2.5 2.5 0 0 1 3.5 17V7A2.5 2.5 0 0 1 6 4.5zM4 17l5-5 4 4 2.5-2.5L20 18M15.5 9.8a1.3 1.3 0 1 0 0-2.6 1.3 1.3 0 0 0 0 2.6z",
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M8.5 6v12M15.5 6v12",
  save: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
  next: "M9 5l7 7-7 7",
  offline: "M3 3l18 18M5 12.5a10 10 0 0 1 3.6-2.3M2 9a14.5 14.5 0 0 1 4-2.5M10.5 5.1A14.5 14.5 0 0 1 22 9M14.5 10a10 10 0 0 1 4.5 2.5M8.5 16a5 5 0 0 1 7 0M12 19.6v.3",
  chats: "M10 4c4.4 0 8 2.8 8 6.2s-3.6 6.2-8 6.2c-.8 0-1.6-.1-2.3-.3L4 18l.8-3C3 13.9 2 12.2 2 10.2 2 6.8 5.6 4 10 4zM19.5 10.5c1.5.9 2.5 2.3 2.5 4 0 1.5-.8 2.8-2 3.8l.6 2.7-3-1.4c-2.3.4-4.6-.2-6.1-1.6",
};

/** An icon; decoration only, the control around it carries the label. */
export const icon = (name) => svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" }, svg("path", { d: ICONS[name] }));

/** A button that shows an icon and says `label` to those who do not see it. */
export function iconButton(name, label, onclick, props) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...props }, icon(name));
}

/** The product's mark: the same two bubbles as the favicon. */
export function logo() {
  return h("img", { class: "logo", src: "./favicon.svg", alt: "", width: 32, height: 32 });
}

/** The number of colours that avatars are dealt from; `style/base.css` holds them. */
const HUES = 8;

/** A round avatar with the name's first letter and a colour that always belongs to `id`. */
export function avatar(id, name) {
  let sum = 36;
  for (const char of id) sum = Math.imul(sum ^ char.codePointAt(0), 0x01000193) >>> 0;
  const [first = "?"] = name.trim() || id;
  return h("span", { class: "avatar", "aria-hidden": "true", dataset: { hue: String((sum >>> 8) % HUES) } }, first.toUpperCase());
}
