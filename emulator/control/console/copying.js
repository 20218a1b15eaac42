/** A call as something to paste: a curl command, an assertion for pytest, a fault. */

/** Headers that curl writes itself, or that no longer match. */
const OWN_HEADERS = new Set(["host", "content-length", "accept-encoding", "connection", "user-agent", "transfer-encoding"]);
const MASK = "***";

/** Return a command that repeats a call. The journal masks credentials: those of `vendor` replace them.
 * @param {any} exchange @param {any} vendor what a sandbox says of it, if it is known */
export function curlOf({ call }, vendor) {
  const words = ["curl", "-i"];
  const hasBody = call.body || call.parts.length;
  if (call.method !== (hasBody ? "POST" : "GET")) words.push("-X", quoted(call.method));
  for (const [name, value] of headersOf(call, vendor?.headers ?? {})) words.push("-H", quoted(`${name}: ${value}`));
  for (const part of call.parts) words.push("-F", quoted(`${part.name}=${part.filename === null ? part.text ?? "" : `@${part.filename}`}`));
  if (call.body) words.push("--data-raw", quoted(call.body));
  return [...words, quoted(call.url)].join(" ");
}

/** @param {any} call @param {Record<string, string>} credentials @returns {string[][]} */
function headersOf(call, credentials) {
  const byName = new Map(Object.entries(credentials).map(([name, value]) => [name.toLowerCase(), value]));
  const isMultipart = call.parts.length > 0;
  return call.headers
    .filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()) && !(isMultipart && name.toLowerCase() === "content-type"))
    .map(([name, value]) => [name, value.includes(MASK) ? byName.get(name.toLowerCase()) ?? value : value]);
}

/** Return an assertion that a call like this was made. @param {any} exchange */
export function assertionOf({ operations, vendor, call, reply }) {
  const lines = [python(operations[0] ?? "?"), `vendor=${python(vendor)}`, "count=1"];
  const query = Object.fromEntries(call.query);
  if (call.query.length && !call.query.some(([, value]) => value.includes(MASK))) lines.push(`query=${python(query)}`);
  const fields = fieldsOf(call);
  if (Object.keys(fields).length) lines.push(`body=${python(fields)}`);
  lines.push(`status=${reply?.status ?? 0}`);
  return `emulator.verify(${lines.join(", ")})`;
}

/** Return what of a body identifies a call: its first plain fields. @param {any} call @returns {Record<string, any>} */
function fieldsOf({ body, body_cut: isCut }) {
  if (!body || isCut) return {};
  try {
    const document = JSON.parse(body);
    if (Array.isArray(document) || typeof document !== "object" || !document || "query" in document) return {};
    const plain = Object.entries(document).filter(([, value]) => typeof value !== "object" && value !== MASK);
    return Object.fromEntries(plain.slice(0, 5));
  } catch {
    return {};
  }
}

/** Return the parameters of the form for a fault that makes calls like this fail. @param {any} exchange */
export function faultOf({ vendor, operations }) {
  return { vendor, operation: operations[0] ?? "" };
}

/** Return a value as Python writes it. @param {any} value @returns {string} */
function python(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${python(inner)}`).join(", ")}}`;
}

/** Quote a word for a shell. @param {string} text */
export function quoted(text) {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}
