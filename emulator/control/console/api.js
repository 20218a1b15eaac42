/** Calls the control API. The control token, if one is needed, is kept for this tab. */

const ROOT = new URL(document.documentElement.dataset.root ?? "..", document.baseURI);
const TOKEN = "emulator-control-token";

/** A page that was opened below a sandbox's prefix shows that sandbox. */
export const FIRST_SANDBOX = decodeURIComponent(/\/~([^/]+)\/[^/]+\/$/.exec(ROOT.pathname)?.[1] ?? "default");

/** A reply that says no, or none at all (status 0). */
export class Refusal extends Error {
  /** @param {number} status @param {string} sentence */
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/** Hears of a call that was refused for want of a token: set it once. */
export const access = { onRefused: () => {} };

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

/** Return the URL of the reference of a vendor's API in a sandbox, at an operation if that is known.
 * @param {string} sandbox @param {string} vendor @param {any} [operation] as the control API lists it */
export function referenceOf(sandbox, vendor, operation) {
  const root = ROOT.href.replace(/(\/~[^/]+)?\/_emulator\/$/, sandbox === "default" ? "" : `/~${encodeURIComponent(sandbox)}`);
  // The reference shows a GraphQL vendor's endpoint, not its fields.
  const isListed = operation && !["query", "mutation"].includes(operation.method);
  return `${root}/_emulator/docs/${vendor}/${isListed ? `#/${operation.tag}/${operation.operation}` : ""}`;
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
    throw error.name === "AbortError" ? error : new Refusal(0, "The emulator does not answer. Is it running?");
  });
  if (response.ok) return response;
  if (response.status === 401) access.onRefused();
  const problem = await response.json().catch(() => ({}));
  throw new Refusal(response.status, problem.detail ?? `${method} ${path}: ${response.status}`);
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
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (text + decoder.decode(value, { stream: true })).split("\n\n");
    text = /** @type {string} */ (parts.pop());
    yield parts.flatMap((part) => {
      const found = EVENT.exec(part);
      return found ? [{ resume: Number(found[1]), data: JSON.parse(found[2]) }] : [];
    });
  }
}
