/** A body, laid out, with its violations at their places. Whatever it contains is shown as text. */

import { jsonLines } from "./json_lines.js";
import { counted, html, shown, useMemo, useState } from "./parts.js";

const MOST_LINES = 400;
const MOST_LETTERS = 1000;

/** @typedef {{pointer: string, sentence: string, rule: string}} Violation */

/** @param {{message: any, violations: Violation[], of: string, contract: string}} props `message` is a journalled call or reply */
export function Body({ message, violations, of, contract }) {
  const [isWhole, setWhole] = useState(false);
  const lines = useMemo(() => linesOf(message), [message]);
  const violationsAt = useMemo(() => placed(lines, violations), [lines, violations]);
  const { body, body_size: size, body_cut: isCut } = message;
  const isLong = lines.length > MOST_LINES || lines.some((line) => line.text.length > MOST_LETTERS);
  return html`
    <${Broken} violations=${violationsAt(-1)} contract=${contract} />
    ${body === null ? html`<p class="quiet">${size ? `A body of ${counted(size, "byte")}, which is not text or no longer stored.` : "No body."}</p>`
      : html`<div class="body" tabindex="0" role="group" aria-label=${`Body of the ${of}`}>
        ${lines.slice(0, isWhole ? undefined : MOST_LINES).map(({ indent, text }, number) => html`
          <div key=${number} class="mono text" style=${{ paddingLeft: `${indent * 1.25}em` }}>${shown(text, isWhole ? text.length : MOST_LETTERS)}</div>
          <${Broken} violations=${violationsAt(number)} contract=${contract} />`)}</div>`}
    ${isLong && html`<p><button class="small" onClick=${() => setWhole(!isWhole)}>
      ${isWhole ? "Show less" : `Show all of ${counted(lines.length, "line")}`}</button></p>`}
    ${isCut && html`<p class="quiet">The body has ${counted(size, "byte")}; the journal stores only its beginning.</p>`}
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
  const pointers = lines.slice(0, MOST_LINES).map((line) => line.pointer);
  const at = violations.map(({ pointer }) => {
    while (pointer && !pointers.includes(pointer)) pointer = pointer.slice(0, pointer.lastIndexOf("/"));
    return pointers.indexOf(pointer);
  });
  return (/** @type {number} */ number) => violations.filter((_, index) => at[index] === number);
}

/** Says what violates the contract, and leads there. @param {{violations: any[], contract: string}} props */
export function Broken({ violations, contract }) {
  return violations.map(({ place, pointer, sentence, rule }, number) => html`<p key=${number} class="violation">
    ${shown([place !== "body" && `${place} `, pointer && `${pointer}: `, sentence].filter(Boolean).join(""))}${" "}
    <a href=${contract} title=${rule}>contract</a></p>`);
}
