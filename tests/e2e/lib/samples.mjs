// A picture and a sound of known content.

export { facts, noise as png, tone as wav } from "./media.mjs";
