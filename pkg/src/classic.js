// The classic script: sets the global JMessage, and connects at once as the original does.
import { face } from "./face.js";
import { load, origin } from "./load.js";
import { makePage } from "./page.js";
import { upload } from "./upload.js";

// Known only while the script runs for the first time.
const server = globalThis.document?.currentScript?.dataset.server || origin();

if (globalThis.JMessage?.sendTextMessage) {
  console.warn("JMessage: a JMessage script was loaded before; that one stays");
} else {
  globalThis.JMessage = face(load, server, upload, makePage());
  if (server) globalThis.JMessage.init();
}
