// Pictures on their way into a chat: chosen, pasted or dropped, looked at, then sent.

import { h, icon, iconButton } from "../dom.js";
import { t } from "../i18n.js";
import { formDialog } from "./dialog.js";
import { toast } from "./toast.js";

/** What the server takes, and every browser shows. */
const TYPES = ["image/jpeg", "image/png", "image/gif", "image/webp"];
/** At a time. */
const MOST = 9;

/** A button that lets the user choose pictures. */
export function imageButton(pick) {
  const input = h("input", { type: "file", accept: TYPES.join(","), multiple: true, hidden: true, "data-image-input": true });
  input.addEventListener("change", () => {
    pick([...input.files]);
    // The same file may be chosen again.
    input.value = "";
  });
  return h("span", { class: "image-button" }, iconButton("image", t("image.button"), () => input.click(), { "data-image": true }), input);
}

/** Pictures pasted into `input` are picked; text is pasted as ever. */
export function pasteImages(input, pick) {
  input.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length === 0) return;
    event.preventDefault();
    pick(files);
  });
}

/** Pictures dropped on `view` are picked; meanwhile `words` lie over it. */
export function dropImages(view, words, pick) {
  const sheet = h("div", { class: "drop", hidden: true }, icon("image"), words);
  const carriesFiles = ({ dataTransfer }) => dataTransfer.types.includes("Files");
  view.append(sheet);
  view.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    sheet.hidden = false;
  });
  view.addEventListener("dragleave", (event) => {
    if (!view.contains(event.relatedTarget)) sheet.hidden = true;
  });
  view.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    sheet.hidden = true;
    pick([...event.dataTransfer.files]);
  });
}

/** Shows the pictures among `files` before they go out; `send({ file, width, height })` is called for each. */
export async function previewImages(files, name, send) {
  const measured = await Promise.all(files.filter(({ type }) => TYPES.includes(type)).map(measure));
  const chosen = measured.filter(Boolean);
  if (chosen.length < files.length) toast(t("image.notOne"));
  if (chosen.length > MOST) toast(t("image.tooMany", { n: MOST }));
  chosen.length = Math.min(chosen.length, MOST);
  if (chosen.length === 0) return;

  const list = h("ul", { class: "preview", "aria-label": t("image.chosen") });
  const addresses = chosen.map(({ file }) => URL.createObjectURL(file));
  const draw = () => list.replaceChildren(...chosen.map(item));
  list.classList.toggle("single", chosen.length === 1);

  function item(one) {
    const { file, width, height, address } = one;
    const drop = () => {
      chosen.splice(chosen.indexOf(one), 1);
      draw();
      (list.querySelector("button") ?? dialog.querySelector("[type=submit]")).focus();
    };
    return h("li", null,
      h("img", { src: address, alt: file.name, width, height }),
      chosen.length > 1 && iconButton("close", t("image.drop", { name: file.name }), drop),
      h("p", null, h("span", null, file.name), h("small", null, chosen.length === 1 ? `${width} × ${height} · ${size(file.size)}` : size(file.size))));
  }

  chosen.forEach((one, at) => (one.address = addresses[at]));
  draw();
  const dialog = formDialog({
    title: t("image.sendTo", { name }),
    fields: list,
    action: t("compose.send"),
    submit: async () => chosen.forEach(send),
  });
  dialog.querySelector("[type=submit]").focus();
  dialog.addEventListener("close", () => addresses.forEach((address) => URL.revokeObjectURL(address)));
}

/** A picture's dimensions as it is looked at; null when the browser cannot show it. */
async function measure(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const { width, height } = bitmap;
    bitmap.close();
    return { file, width, height };
  } catch {
    return null;
  }
}

const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
