/** A body, laid out, with its violations at their places. Whatever it contains is shown as text. */

import { jsonLines } from "./json_lines.js";
import { shown } from "./parts.js";
import { html, useMemo, useState } from "./vendored/htm-preact.js";

const MOST_LINES = 400;
const MOST_LETTERS = 1000;

/** @typedef {{pointer: string, sentence: string, rule: string}} Violation */

/** @param {{message: any, violations: Violation[], of: string, contract: string}} props `message` is a journalled call or reply */
export function Body({ message, violations, of, contract }) {
  const [isWhole, setWhole] = useState(false);
  const lines = useMemo(() => linesOf(message), [message]);
  const places = useMemo(() => placed(lines, violations), [lines, violations]);
  const { body, body_size: size, body_cut: isCut } = message;
  if (body === null) return html`<p class="quiet">${size ? `A body of ${bytes(size)}, which is not text or no longer stored.` : "No body."}</p>
    <${Broken} violations=${places.elsewhere} contract=${contract} />`;
  const isLong = lines.length > MOST_LINES || lines.some((line) => line.text.length > MOST_LETTERS);
  const visible = isWhole ? lines : lines.slice(0, MOST_LINES);
  return html`
    <${Broken} violations=${places.elsewhere} contract=${contract} />
    <div class="body" tabindex="0" role="group" aria-label=${`Body of the ${of}`}>
      ${visible.map((line, number) => html`
        <div key=${number} class="mono text" style=${{ paddingLeft: `${line.indent * 1.25}em` }}>${shortened(line.text, isWhole)}</div>
        <${Broken} violations=${places.at.get(number) ?? []} contract=${contract} />
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

/** Says what violates the contract, and leads there. @param {{violations: any[], contract: string}} props */
export function Broken({ violations, contract }) {
  return violations.map(({ place, pointer, sentence, rule }, number) => html`<p key=${number} class="violation">
    ${shown(`${place === "body" ? "" : `${place} `}${pointer && `${pointer}: `}${sentence}`.slice(0, MOST_LETTERS))}${" "}
    <a href=${contract} title=${`${rule}: see the contract`}>contract</a></p>`);
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
