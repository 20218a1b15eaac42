/** One call in full. */

import { get, pathOf, referenceOf } from "./api.js";
import { link } from "./address.js";
import { Body, Broken } from "./body.js";
import { assertionOf, curlOf, faultOf } from "./copying.js";
import { faultSentence } from "./fault_words.js";
import { Status } from "./marks.js";
import { Copy, counted, duration, Loadable, shown, useAction, useLoaded, Failure } from "./parts.js";
import { html } from "./vendored/htm-preact.js";

const MOST_LETTERS = 2000;

/** @param {{id: string, sandbox: string, params: Record<string, string>, feed: import("./feed.js").Feed}} props */
export function Call({ id, sandbox, params, feed }) {
  const known = feed.find(id)?.exchange;
  const load = async () => {
    if (known && !known.isShort) return known;
    return get(pathOf(sandbox, "journal", id)).catch((error) => known ?? Promise.reject(error));
  };
  const exchange = useLoaded(load, [id, Boolean(known)]);
  const context = useLoaded(() => Promise.all([get(pathOf(sandbox)), get(pathOf(sandbox, "faults")), get("operations")]), [sandbox]);
  return html`<section class="detail" aria-label=${`Call ${id}`}>
    <div class="bar"><h2>Call ${id}</h2>
      <span class="right"><a href=${link(["calls"], params)} aria-label="Close this call">Close</a></span></div>
    <${Loadable} of=${exchange}>
      ${(one) => html`<${Whole} exchange=${one} sandbox=${sandbox} vendor=${context.value?.[0].vendors[one.vendor]}
        faults=${context.value?.[1].faults ?? []} contract=${contractOf(one, sandbox, context.value?.[2].operations ?? [])} />`}
    <//>
  </section>`;
}

/** Return where the contract of a call is to be read. @param {any} exchange @param {string} sandbox @param {any[]} operations */
function contractOf({ vendor, operations: [name] }, sandbox, operations) {
  return referenceOf(sandbox, vendor, operations.find((one) => one.vendor === vendor && one.operation === name));
}

/** @param {{exchange: any, sandbox: string, vendor: any, faults: any[], contract: string}} props */
function Whole({ exchange, sandbox, vendor, faults, contract }) {
  const { call, reply, operations, violations } = exchange;
  const of = (side) => violations.filter((one) => one.of === side);
  return html`
    <p class="mono text">${shown(`${call.method} ${call.url}`.slice(0, MOST_LETTERS))}</p>
    <p><${Status} exchange=${exchange} /> ${" "}
      ${exchange.state === "done" ? `after ${duration(exchange.seconds)}` : "in progress"}, ${exchange.time.replace("T", " ")}${" · "}
      ${operations.length ? operations.map((name) => html`<${Operation} key=${name} vendor=${exchange.vendor} name=${name} />`)
        : exchange.stub ? `reply of the stub ${exchange.stub}` : `matches no operation of ${exchange.vendor}`}</p>
    <${Actions} exchange=${exchange} sandbox=${sandbox} vendor=${vendor} contract=${contract} />
    <${NearMisses} exchange=${exchange} />
    ${exchange.faults.map((id) => html`<${Applied} key=${id} id=${id} fault=${faults.find((one) => one.id === id)} />`)}
    <${Message} title="Request" of="call" message=${call} violations=${of("call")} contract=${contract} />
    ${reply ? html`<${Message} title="Reply" of="reply" message=${reply} violations=${of("reply")} contract=${contract} />`
      : exchange.state === "done" && html`<h3>Reply</h3><p class="quiet">None: the connection broke.</p>`}
  `;
}

/** @param {{vendor: string, name: string}} props */
function Operation({ vendor, name }) {
  return html`<a href=${link(["coverage"], { vendor, operation: name })}>${name}</a> `;
}

/** @param {{exchange: any, sandbox: string, vendor: any, contract: string}} props */
function Actions({ exchange, sandbox, vendor, contract }) {
  const [run, error] = useAction();
  const hasOperation = exchange.operations.length > 0;
  const copyHar = () => run(async () => {
    const har = await get(`${pathOf(sandbox)}/journal.har?since=${exchange.id - 1}&limit=1`);
    await navigator.clipboard.writeText(JSON.stringify(har, null, 2));
  });
  return html`<div class="actions">
    <${Copy} text=${curlOf(exchange, vendor)} label="Copy as curl" />
    <button type="button" class="small" onClick=${copyHar} disabled=${exchange.state !== "done"}>Copy as HAR</button>
    ${hasOperation && html`<${Copy} text=${assertionOf(exchange)} label="Copy as assertion" />
      <a class="button small" href=${link(["failures", "new"], { ...faultOf(exchange) })}>Make this a fault</a>`}
    <a class="button small" href=${contract}>Contract</a>
  </div><${Failure} error=${error} />`;
}

/** @param {{exchange: any}} props */
function NearMisses({ exchange }) {
  if (!exchange.near_misses.length) return null;
  return html`<div class="near"><h3>Nearest operations</h3><ul>${exchange.near_misses.map((one) => html`
    <li key=${one.operation}><strong>${one.operation}</strong>: <span class="text">${shown(one.sentence.slice(0, MOST_LETTERS))}</span></li>`)}</ul></div>`;
}

/** @param {{id: string, fault?: any}} props */
function Applied({ id, fault }) {
  return html`<p class="applied"><span class="tag mark-fault">fault</span>${" "}
    <a href=${link(["failures"])}>${id}</a>${" "}
    ${fault ? faultSentence(fault.fault) : "It is no longer armed."}</p>`;
}

/** @param {{title: string, of: string, message: any, violations: any[], contract: string}} props */
function Message({ title, of, message, violations, contract }) {
  const inBody = violations.filter((one) => one.place === "body");
  const elsewhere = violations.filter((one) => one.place !== "body");
  return html`<h3>${title}</h3>
    <${Broken} violations=${elsewhere} contract=${contract} />
    <details><summary>${counted(message.headers.length, "header")}</summary><${Pairs} pairs=${message.headers} /></details>
    ${message.query?.length > 0 && html`<details open><summary>Query</summary><${Pairs} pairs=${message.query} /></details>`}
    ${message.parts?.length > 0 && html`<details open><summary>Parts</summary>
      <${Pairs} pairs=${message.parts.map((part) => [part.name, partText(part)])} /></details>`}
    ${!message.parts?.length && html`<${Body} message=${message} violations=${inBody} of=${of} contract=${contract} />`}`;
}

/** @param {any} part */
function partText(part) {
  return part.filename === null ? part.text ?? "" : `file ${part.filename}, ${part.content_type}, ${part.size} bytes`;
}

/** @param {{pairs: string[][]}} props */
function Pairs({ pairs }) {
  return html`<table class="pairs"><tbody>${pairs.map(([name, value], number) => html`
    <tr key=${number}><th scope="row" class="text">${shown(name.slice(0, MOST_LETTERS))}</th>
      <td class="mono">${shown(value.slice(0, MOST_LETTERS))}</td></tr>`)}</tbody></table>`;
}
