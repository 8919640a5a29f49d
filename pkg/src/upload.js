// Uploads a file. By XMLHttpRequest, since fetch tells no progress.

/**
 * Posts `file`. Resolves to what the server says of it, rejects with `{ code, message }`.
 * @param {string} [url] where to; undefined if the server takes no files
 * @param {Blob} file
 * @param {number} timeout how long the transfer may stand still, in milliseconds
 * @param {AbortSignal} [signal]
 * @param {(loaded: number, total: number) => void} progress in bytes
 */
export const upload = (url, file, timeout, signal, progress) =>
  new Promise((resolve, reject) => {
    const fail = (code, message) => reject({ code, message });
    const aborted = () => fail(872002, "the upload was aborted");
    if (!url) return fail(872000, "the server takes no files");
    if (!(signal instanceof AbortSignal)) signal = undefined;
    if (signal?.aborted) return aborted();
    const request = new XMLHttpRequest();
    let timer;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        fail(872006, "request timeout");
        request.abort();
      }, timeout);
    };
    const abort = () => request.abort();
    request.upload.onprogress = ({ loaded, total }) => {
      watch();
      progress(loaded, total);
    };
    request.onload = () => {
      const { response, status } = request;
      if (status === 200 && response?.media_id) resolve(response);
      else fail(response?.error?.code ?? 872000, response?.error?.message ?? "server error");
    };
    request.onerror = () => fail(872007, "connection disconnect");
    request.onabort = aborted;
    request.onloadend = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    request.open("POST", url);
    request.responseType = "json";
    signal?.addEventListener("abort", abort);
    watch();
    request.send(file);
  });
