// The ES module. Importing it does nothing yet, in Node neither: the first call loads the wasm.
import { face } from "./face.js";
import { load, origin } from "./load.js";
import { makePage } from "./page.js";
import { upload } from "./upload.js";

export const JMessage = face(load, origin(), upload, makePage());
export default JMessage;
