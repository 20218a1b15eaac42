/** What a call came to, in a word each. */

import { counted } from "./parts.js";
import { html } from "./vendored/htm-preact.js";

/** @param {{exchange: any}} props */
export function Status({ exchange: { state, reply } }) {
  const text = state !== "done" ? "in progress" : reply?.status || "broken";
  const kind = state !== "done" ? "" : `s${String(reply?.status || 5)[0]}`;
  return html`<span class=${`status tag ${kind}`}>${text}</span>`;
}

/** @param {{exchange: any}} props */
export function Marks({ exchange: { faults, violations, operations, stub } }) {
  return html`
    ${faults.length > 0 && html`<span class="tag mark-fault" title=${faults.join(", ")}>fault</span>`}
    ${violations.length > 0 && html`<span class="tag mark-violation">${counted(violations.length, "violation")}</span>`}
    ${!operations.length && !stub && html`<span class="tag mark-violation">unmatched</span>`}
  `;
}
