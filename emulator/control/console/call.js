/** One call in full. */

import { Body, Broken } from "./body.js";
import {
  Copy, counted, duration, get, html, link, Loadable, own, Pairs, referenceOf, shown, useLoaded,
} from "./parts.js";

/** @param {{id: string, params: Record<string, string>, feed: import("./feed.js").Feed}} props */
export function Call({ id, params, feed }) {
  const known = feed.find(id)?.exchange;
  const load = async () => {
    if (known && !known.isShort) return known;
    return get(own("journal", id)).catch((error) => known ?? Promise.reject(error));
  };
  const exchange = useLoaded(load, [id, Boolean(known)]);
  return html`<section class="detail" aria-label=${`Call ${id}`}>
    <div class="bar"><h2>Call ${id}</h2>
      <span class="right"><a href=${link(["calls"], params)}>Close</a></span></div>
    <${Loadable} of=${exchange}>${(one) => html`<${Whole} exchange=${one} isOld=${id.includes("~")} />`}<//>
  </section>`;
}

/** @param {{exchange: any, isOld: boolean}} props an old call is of before a restart */
function Whole({ exchange, isOld }) {
  const { call, reply, operations, vendor, stub, state, applied_faults: faults = [], near_misses: near } = exchange;
  const contract = referenceOf(exchange.sandbox, vendor, operations[0]);
  return html`
    <p class="mono text">${shown(`${call.method} ${call.url}`)}</p>
    <p><${Status} exchange=${exchange} /> ${state === "done" ? `after ${duration(exchange.seconds)}` : ""} at ${exchange.time.replace("T", " ")}${" · "}
      ${operations.map((name) => html`<a key=${name} href=${contract}>${name}</a> `)}
      ${!operations.length && (stub ? `reply of the stub ${stub}` : `matches no operation of ${vendor}`)}</p>
    ${!isOld && html`<${Actions} exchange=${exchange} />`}
    ${near.length > 0 && html`<div class="near"><h3>Nearest operations</h3><ul>${near.map(({ operation, sentence }) => html`
      <li key=${operation}><strong>${operation}</strong>: <span class="text">${shown(sentence)}</span></li>`)}</ul></div>`}
    ${faults.map((one) => html`<p key=${one.id} class="text"><span class="tag mark-fault">fault</span> <a href=${link(["failures"])}>${one.id}</a>${" "}
      ${shown(one.sentence)}${one.scenario && ` Of the scenario ${one.scenario}.`} This was call ${one.call}.</p>`)}
    <${Message} title="Request" of="call" message=${call} exchange=${exchange} contract=${contract} />
    ${reply && html`<${Message} title="Reply" of="reply" message=${reply} exchange=${exchange} contract=${contract} />`}
    ${!reply && state === "done" && html`<h3>Reply</h3><p class="quiet">None: the connection broke.</p>`}
  `;
}

/** @param {{exchange: any}} props */
function Actions({ exchange: { id, vendor, operations: [operation], state } }) {
  const snippet = (/** @type {string} */ kind) => async () => (await get(own("journal", id, "snippets")))[kind];
  const har = async () => JSON.stringify(await get(`${own("journal.har")}?since=${id - 1}&limit=1`), null, 2);
  return html`<div class="actions">
    <${Copy} text=${snippet("curl")} label="Copy as curl" />
    ${state === "done" && html`<${Copy} text=${har} label="Copy as HAR" />`}
    ${operation && html`<${Copy} text=${snippet("assertion")} label="Copy as assertion" />
      <a class="button small" href=${link(["failures", "new"], { vendor, operation })}>Make this a fault</a>`}
  </div>`;
}

/** @param {{title: string, of: string, message: any, exchange: any, contract: string}} props */
function Message({ title, of, message, exchange, contract }) {
  const { headers, query = [], parts = [] } = message;
  const violations = exchange.violations.filter((one) => one.of === of);
  const inBody = violations.filter((one) => one.place === "body");
  return html`<h3>${title}</h3>
    <${Broken} violations=${violations.filter((one) => one.place !== "body")} contract=${contract} />
    <${Pairs} title=${counted(headers.length, "header")} pairs=${headers} />
    <${Pairs} title="Query" pairs=${query} open />
    <${Pairs} title="Parts" pairs=${parts.map((part) => [part.name, partText(part)])} open />
    ${!parts.length && html`<${Body} message=${message} violations=${inBody} of=${of} contract=${contract} />`}`;
}

/** @param {any} part */
function partText(part) {
  return part.filename === null ? part.text ?? "" : `file ${part.filename}, ${part.content_type}, ${part.size} bytes`;
}

/** What a call came to, in a word. @param {{exchange: any}} props */
export function Status({ exchange: { state, reply } }) {
  const status = String(state === "done" ? reply?.status || "broken" : "in progress");
  return html`<span class=${`status tag s${status[0]}`}>${status}</span>`;
}

/** @param {{exchange: any}} props */
export function Marks({ exchange: { faults, violations, operations, stub } }) {
  return html`
    ${faults.length > 0 && html`<span class="tag mark-fault" title=${faults.join(", ")}>fault</span>`}
    ${violations.length > 0 && html`<span class="tag mark-violation">${counted(violations.length, "violation")}</span>`}
    ${!operations.length && !stub && html`<span class="tag mark-violation">unmatched</span>`}
  `;
}
