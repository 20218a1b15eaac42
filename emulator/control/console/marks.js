/** What a call came to, in a word each. */

import { counted } from "./parts.js";
import { html } from "./vendored/htm-preact.js";

/** @param {{exchange: any}} props */
export function Status({ exchange }) {
  if (exchange.state !== "done") return html`<span class="status tag">in progress</span>`;
  const status = exchange.reply?.status;
  if (!status) return html`<span class="status tag s5">broken</span>`;
  return html`<span class=${`status tag s${String(status)[0]}`}>${status}</span>`;
}

/** @param {{exchange: any}} props */
export function Marks({ exchange }) {
  const { faults, violations, operations, stub } = exchange;
  return html`
    ${faults.length > 0 && html`<span class="tag mark-fault" title=${faults.join(", ")}>fault</span>`}
    ${violations.length > 0 && html`<span class="tag mark-violation">${counted(violations.length, "violation")}</span>`}
    ${!operations.length && !stub && html`<span class="tag mark-violation">unmatched</span>`}
  `;
}
