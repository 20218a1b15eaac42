/** Calls the control API. The control token, if one is needed, is kept for this tab. */

const ROOT = new URL(document.documentElement.dataset.root ?? "..", document.baseURI);
const TOKEN = "emulator-control-token";

/** A page that was opened below a sandbox's prefix shows that sandbox. */
export const FIRST_SANDBOX = decodeURIComponent(/\/~([^/]+)\/[^/]+\/$/.exec(ROOT.pathname)?.[1] ?? "default");

/** Return why a call was refused, with the status of the reply: 0 without any. @param {number} status @param {string} sentence */
function refusal(status, sentence) {
  return Object.assign(new Error(sentence), { status });
}

/** Hears of a call that was refused for want of a token; after each of the `restarts` all is loaded again. */
export const access = { onRefused: () => {}, restarts: 0 };

/** @param {string} token */
export function keepToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

/** @returns {string | null} the token that this tab keeps */
export function token() {
  return sessionStorage.getItem(TOKEN);
}

/** Return the URL of a path below /_emulator. @param {string} path */
export function urlOf(path) {
  return new URL(path, ROOT).href;
}

/** Return the URL of the reference of a vendor's API in a sandbox, at an operation.
 * @param {string} sandbox @param {string} vendor @param {string} [operation] */
export function referenceOf(sandbox, vendor, operation = "") {
  const root = ROOT.href.replace(/(\/~[^/]+)?\/_emulator\/$/, sandbox === "default" ? "" : `/~${encodeURIComponent(sandbox)}`);
  return `${root}/_emulator/docs/${vendor}/#${operation}`;
}

/** Return a path of a sandbox. @param {string} sandbox @param {string[]} below */
export function pathOf(sandbox, ...below) {
  return ["sandboxes", ...[sandbox, ...below].map(encodeURIComponent)].join("/");
}

/** Send a call; return its response, once it is not a refusal.
 * @param {string} method @param {string} path below /_emulator, without "/" in front
 * @param {object | string} [body] a document, or its JSON @param {AbortSignal} [signal] @returns {Promise<Response>} */
export async function send(method, path, body, signal) {
  const given = token();
  /** @type {Record<string, string>} */
  const headers = given ? { Authorization: `Bearer ${given}` } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const options = { method, headers, body: typeof body === "object" ? JSON.stringify(body) : body, signal };
  const response = await fetch(urlOf(path), options).catch((error) => {
    throw error.name === "AbortError" ? error : refusal(0, "The emulator does not answer. Is it running?");
  });
  if (response.ok) return response;
  // The token of a sandbox makes no other: the page stays, and says so.
  if (response.status === 401 && method === "GET") access.onRefused();
  const problem = await response.json().catch(() => ({}));
  throw refusal(response.status, problem.detail ?? `${method} ${path}: ${response.status}`);
}

/** Send a call and return the JSON of its reply; null without any.
 * @param {string} method @param {string} path @param {any} [body] @returns {Promise<any>} */
export async function call(method, path, body) {
  const response = await send(method, path, body);
  return response.status === 204 ? null : response.json();
}

/** @param {string} path @returns {Promise<any>} */
export function get(path) {
  return call("GET", path);
}

const EVENT = /^id: (\d+)\nevent: \w+\ndata: (.*)$/s;

/** Yield what a stream of server-sent events brings; EventSource cannot send the token.
 * @param {string} path @param {AbortSignal} signal @param {() => void} onOpen
 * @returns {AsyncGenerator<{resume: number, data: any}[]>} the events that arrived together, and where to resume after each */
export async function* events(path, signal, onOpen) {
  const response = await send("GET", path, undefined, signal);
  onOpen();
  const body = /** @type {ReadableStream<any>} */ (response.body);
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const parts = (text + read.value).split("\n\n");
    text = parts.pop() ?? "";
    const found = parts.map((part) => EVENT.exec(part)).filter((one) => one !== null);
    yield found.map(([, resume, data]) => ({ resume: Number(resume), data: JSON.parse(data) }));
  }
}
