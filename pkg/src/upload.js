// Uploads a file. By XMLHttpRequest, since fetch tells no progress.

/** How long the server may take for what it has received, in milliseconds; and the longest timer there is. */
const DIGEST = 60000;
const LONGEST = 2 ** 31 - 1;

/** One try: resolves to `{ status, response, pause }`, `pause` in milliseconds if the server asks for one. */
const post = (url, file, timeout, signal, progress) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = (code, message) => reject({ code, message });
    let timer;
    const watch = (millis) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        fail(872006, "request timeout");
        request.abort();
      }, Math.min(millis, LONGEST));
    };
    const abort = () => request.abort();
    request.upload.onprogress = ({ loaded, total }) => {
      watch(timeout);
      progress(loaded, total);
    };
    request.upload.onload = () => watch(Math.max(timeout, DIGEST));
    request.onload = () => {
      const { status, response } = request;
      resolve({ status, response, pause: status === 503 && 1000 * request.getResponseHeader("retry-after") });
    };
    request.onerror = () => fail(872007, "connection disconnect");
    request.onabort = () => fail(872002, "the upload was aborted");
    request.onloadend = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    request.open("POST", url);
    request.responseType = "json";
    signal?.addEventListener("abort", abort);
    watch(timeout);
    request.send(file);
  });

/**
 * Uploads `file`. Resolves to what the server says of it, rejects with `{ code, message }`.
 * @param {() => string | undefined} url where to, at the moment; undefined or empty if there is nowhere
 * @param {Blob} file
 * @param {number} timeout how long the transfer may stand still, and how long a busy server is asked again, in
 *   milliseconds
 * @param {AbortSignal} [signal]
 * @param {(loaded: number, total: number) => void} progress in bytes
 */
export async function upload(url, file, timeout, given, progress) {
  const signal = given instanceof AbortSignal ? given : undefined;
  let waited = 0;
  for (;;) {
    if (signal?.aborted) throw { code: 872002, message: "the upload was aborted" };
    if (!url()) throw { code: 872000, message: "the server takes no files" };
    const { status, response, pause } = await post(url(), file, timeout, signal, progress);
    if (status === 200 && response?.media_id) return response;
    waited += pause;
    if (!pause || waited > timeout) {
      throw { code: response?.error?.code ?? 872000, message: response?.error?.message ?? "server error" };
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
