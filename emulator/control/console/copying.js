/** A call as something to paste: a curl command, an assertion for pytest. */

/** Headers that curl writes itself, or that no longer match. */
const OWN_HEADERS = ["host", "content-length", "accept-encoding", "connection", "user-agent", "transfer-encoding"];
const MASK = "***";

/** Return a command that repeats a call. The journal masks credentials: those of `vendor` replace them.
 * @param {any} exchange @param {any} vendor what a sandbox says of it, if it is known */
export function curlOf({ call: { method, url, headers, parts, body } }, vendor) {
  const credentials = Object.entries(vendor?.headers ?? {});
  const unsent = parts.length ? [...OWN_HEADERS, "content-type"] : OWN_HEADERS;
  const words = ["curl", "-i"];
  if (method !== (body || parts.length ? "POST" : "GET")) words.push("-X", method);
  for (const [name, value] of headers) {
    const [, own] = (value.includes(MASK) && credentials.find(([one]) => one.toLowerCase() === name.toLowerCase())) || [];
    if (!unsent.includes(name.toLowerCase())) words.push("-H", `${name}: ${own ?? value}`);
  }
  for (const { name, filename, text = "" } of parts) words.push("-F", `${name}=${filename === null ? text : `@${filename}`}`);
  if (body) words.push("--data-raw", body);
  return [...words, url].map(quoted).join(" ");
}

/** Return an assertion that a call like this was made. @param {any} exchange */
export function assertionOf({ operations: [operation], vendor, call, reply }) {
  const hasSecret = call.query.some(([, value]) => value.includes(MASK));
  const expected = {
    vendor,
    count: 1,
    query: hasSecret ? {} : Object.fromEntries(call.query),
    body: fieldsOf(call),
    status: reply?.status ?? 0,
  };
  const given = Object.entries(expected).filter(([, value]) => typeof value !== "object" || Object.keys(value).length);
  return `emulator.verify(${[python(operation), ...given.map(([name, value]) => `${name}=${python(value)}`)].join(", ")})`;
}

/** Return what of a body identifies a call: its first plain fields. @param {any} call @returns {Record<string, any>} */
function fieldsOf({ body, body_cut: isCut }) {
  try {
    const document = JSON.parse(isCut ? "null" : body);
    if (Array.isArray(document) || typeof document !== "object" || !document || "query" in document) return {};
    const plain = Object.entries(document).filter(([, value]) => typeof value !== "object" && value !== MASK);
    return Object.fromEntries(plain.slice(0, 5));
  } catch {
    return {};
  }
}

/** Return a value as Python writes it. @param {any} value @returns {string} */
function python(value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${python(inner)}`).join(", ")}}`;
}

/** Quote a word for a shell. @param {string} text */
export function quoted(text) {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}
