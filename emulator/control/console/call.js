/** One call in full. */

import { link, own, readAddress } from "./address.js";
import { get, referenceOf } from "./api.js";
import { Body, Broken } from "./body.js";
import { assertionOf, curlOf } from "./copying.js";
import { Status } from "./marks.js";
import { Copy, counted, duration, Loadable, shown, useDocuments, useLoaded } from "./parts.js";
import { html } from "./vendored/htm-preact.js";

const MOST_LETTERS = 2000;

/** @typedef {{vendors: Record<string, any>, faults: any[], operations: any[]}} Context what a sandbox says of itself */

/** @param {{id: string, params: Record<string, string>, feed: import("./feed.js").Feed}} props */
export function Call({ id, params, feed }) {
  const known = feed.find(id)?.exchange;
  const load = async () => {
    if (known && !known.isShort) return known;
    return get(own("journal", id)).catch((error) => known ?? Promise.reject(error));
  };
  const exchange = useLoaded(load, [id, Boolean(known)]);
  const { value } = useDocuments([own(), own("faults"), "operations"]);
  const context = value ? Object.assign({}, ...value) : { vendors: {}, faults: [], operations: [] };
  return html`<section class="detail" aria-label=${`Call ${id}`}>
    <div class="bar"><h2>Call ${id}</h2>
      <span class="right"><a href=${link(["calls"], params)} aria-label="Close this call">Close</a></span></div>
    <${Loadable} of=${exchange}>${(one) => html`<${Whole} exchange=${one} context=${context} />`}<//>
  </section>`;
}

/** @param {{exchange: any, context: Context}} props */
function Whole({ exchange, context }) {
  const { call, reply, operations, vendor, stub, state, faults, near_misses: near } = exchange;
  // Where the contract is to be read.
  const contract = referenceOf(readAddress().sandbox, vendor,
    context.operations.find((one) => one.vendor === vendor && one.operation === operations[0]));
  return html`
    <p class="mono text">${shown(`${call.method} ${call.url}`, MOST_LETTERS)}</p>
    <p><${Status} exchange=${exchange} /> ${state === "done" ? `after ${duration(exchange.seconds)}` : ""} at ${exchange.time.replace("T", " ")}${" · "}
      ${operations.map((name) => html`<a key=${name} href=${link(["coverage"], { vendor })}>${name}</a> `)}
      ${!operations.length && (stub ? `reply of the stub ${stub}` : `matches no operation of ${vendor}`)}</p>
    <${Actions} exchange=${exchange} vendor=${context.vendors[vendor]} contract=${contract} />
    ${near.length > 0 && html`<div class="near"><h3>Nearest operations</h3><ul>${near.map(({ operation, sentence }) => html`
      <li key=${operation}><strong>${operation}</strong>: <span class="text">${shown(sentence, MOST_LETTERS)}</span></li>`)}</ul></div>`}
    ${faults.map((id) => html`<p key=${id} class="applied"><span class="tag mark-fault">fault</span> <a href=${link(["failures"])}>${id}</a>${" "}
      ${shown(context.faults.find((one) => one.id === id)?.sentence ?? "It is no longer armed.")}</p>`)}
    <${Message} title="Request" of="call" message=${call} exchange=${exchange} contract=${contract} />
    ${reply && html`<${Message} title="Reply" of="reply" message=${reply} exchange=${exchange} contract=${contract} />`}
    ${!reply && state === "done" && html`<h3>Reply</h3><p class="quiet">None: the connection broke.</p>`}
  `;
}

/** @param {{exchange: any, vendor: any, contract: string}} props */
function Actions({ exchange, vendor, contract }) {
  const [operation] = exchange.operations;
  const har = async () => JSON.stringify(await get(`${own("journal.har")}?since=${exchange.id - 1}&limit=1`), null, 2);
  return html`<div class="actions">
    <${Copy} text=${curlOf(exchange, vendor)} label="Copy as curl" />
    ${exchange.state === "done" && html`<${Copy} text=${har} label="Copy as HAR" />`}
    ${operation && html`<${Copy} text=${assertionOf(exchange)} label="Copy as assertion" />
      <a class="button small" href=${link(["failures", "new"], { vendor: exchange.vendor, operation })}>Make this a fault</a>`}
    <a class="button small" href=${contract}>Contract</a>
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

/** @param {{title: string, pairs: string[][], open?: boolean}} props */
function Pairs({ title, pairs, open }) {
  return pairs.length > 0 && html`<details open=${open}><summary>${title}</summary><table class="pairs"><tbody>${pairs.map(([name, value], number) => html`
    <tr key=${number}><th scope="row" class="text">${shown(name, MOST_LETTERS)}</th><td class="mono">${shown(value, MOST_LETTERS)}</td></tr>`)}
  </tbody></table></details>`;
}
