/** A body, laid out, with its violations at their places. Whatever it contains is shown as text. */

import { jsonLines } from "./json_lines.js";
import { shown } from "./parts.js";
import { html, useMemo, useState } from "./vendored/htm-preact.js";

const MOST_LINES = 400;
const MOST_LETTERS = 1000;

/** @typedef {{pointer: string, sentence: string, rule: string}} Violation */

/** @param {{message: any, violations: Violation[], of: string}} props `message` is a journalled call or reply */
export function Body({ message, violations, of }) {
  const [isWhole, setWhole] = useState(false);
  const lines = useMemo(() => linesOf(message), [message]);
  const places = useMemo(() => placed(lines, violations), [lines, violations]);
  const { body, body_size: size, body_cut: isCut } = message;
  if (body === null) return html`<p class="quiet">${size ? `A body of ${bytes(size)} that is not text.` : "No body."}</p>
    <${Elsewhere} violations=${places.elsewhere} />`;
  const isLong = lines.length > MOST_LINES || lines.some((line) => line.text.length > MOST_LETTERS);
  const visible = isWhole ? lines : lines.slice(0, MOST_LINES);
  return html`
    <${Elsewhere} violations=${places.elsewhere} />
    <div class="body" tabindex="0" role="group" aria-label=${`Body of the ${of}`}>
      ${visible.map((line, number) => html`
        <div key=${number} class="mono text" style=${{ paddingLeft: `${line.indent * 1.25}em` }}>${shortened(line.text, isWhole)}</div>
        ${places.at.get(number)?.map((found) => html`<p key=${found.rule} class="violation">${sentence(found)}</p>`)}
      `)}
    </div>
    ${isLong && html`<p><button type="button" class="small" onClick=${() => setWhole(!isWhole)}>
      ${isWhole ? "Show less" : `Show all ${lines.length} lines`}</button></p>`}
    ${isCut && html`<p class="quiet">The body has ${bytes(size)}; the journal stores only its beginning, ${bytes(body.length)}.</p>`}
  `;
}

/** @param {any} message */
function linesOf({ body, content_type: type }) {
  if (!body) return [];
  if (/json/.test(type) || /^\s*[[{]/.test(body)) return jsonLines(body);
  return body.split("\n").map((text) => ({ indent: 0, text, pointer: "" }));
}

/** Find the line of each violation: that of its value, or of what would contain it.
 * @param {import("./json_lines.js").TextLine[]} lines @param {Violation[]} violations */
function placed(lines, violations) {
  /** @type {Map<string, number>} */
  const byPointer = new Map();
  lines.forEach((line, number) => byPointer.has(line.pointer) || byPointer.set(line.pointer, number));
  /** @type {Map<number, Violation[]>} */
  const at = new Map();
  const elsewhere = [];
  for (const found of violations) {
    let pointer = found.pointer;
    while (pointer && !byPointer.has(pointer)) pointer = pointer.slice(0, pointer.lastIndexOf("/"));
    const number = byPointer.get(pointer);
    if (number === undefined || number >= MOST_LINES) elsewhere.push(found);
    else at.set(number, [...(at.get(number) ?? []), found]);
  }
  return { at, elsewhere };
}

/** @param {{violations: Violation[]}} props */
function Elsewhere({ violations }) {
  return violations.map((found, number) => html`<p key=${number} class="violation">${sentence(found)}</p>`);
}

/** @param {Violation} found */
export function sentence({ pointer, sentence }) {
  return shown(`${pointer ? `${pointer}: ` : ""}${sentence}`.slice(0, MOST_LETTERS));
}

/** @param {string} text @param {boolean} isWhole */
function shortened(text, isWhole) {
  if (isWhole || text.length <= MOST_LETTERS) return shown(text);
  return `${shown(text.slice(0, MOST_LETTERS))} … ${(text.length - MOST_LETTERS).toLocaleString("en")} more characters`;
}

/** @param {number} size */
export function bytes(size) {
  if (size < 1000) return `${size} bytes`;
  return size < 1e6 ? `${(size / 1000).toFixed(1)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}
