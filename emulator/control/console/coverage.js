/** Coverage: which operations and statuses the calls of a sandbox have met, and how well each is known. */

import { get, pathOf } from "./api.js";
import { link, setParams } from "./address.js";
import { counted, Evidence, Loadable, Table, useLoaded } from "./parts.js";
import { html } from "./vendored/htm-preact.js";

const LEVELS = ["documented", "observed", "inferred", "assumed"];

/** @param {{sandbox: string, params: Record<string, string>}} props */
export function Coverage({ sandbox, params }) {
  const loaded = useLoaded(() => Promise.all([get("operations"), get(pathOf(sandbox, "coverage"))]), [sandbox], 2000);
  return html`<h1>Coverage</h1>
    <p class="quiet">What the calls of this sandbox have met. A colour is how well a status is known; a number, how many calls got it.${" "}
      ${LEVELS.map((level) => html`<${Evidence} key=${level} level=${level} />${" "}`)}</p>
    <${Loadable} of=${loaded}>${([{ operations }, met]) => html`<${Map} operations=${operations} met=${met} params=${params} />`}<//>`;
}

/** @param {{operations: any[], met: any, params: Record<string, string>}} props */
function Map({ operations, met, params }) {
  const calls = Object.fromEntries(met.operations.map((one) => [`${one.vendor} ${one.operation}`, one.statuses]));
  const vendors = [...new Set(operations.map((one) => one.vendor))];
  const fields = met.graphql_fields.filter((one) => !params.vendor || one.vendor === params.vendor);
  return html`<form class="filters" onSubmit=${(event) => event.preventDefault()}><label>vendor
      <select value=${params.vendor ?? ""} onChange=${(event) => setParams({ vendor: event.target.value })}><option value="">all</option>
        ${vendors.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select></label></form>
    ${vendors.filter((one) => !params.vendor || one === params.vendor).map((vendor) => html`<${Vendor} key=${vendor} vendor=${vendor} calls=${calls}
      operations=${operations.filter((one) => one.vendor === vendor)} fields=${fields.filter((one) => one.vendor === vendor)} />`)}
    ${met.dropped > 0 && html`<p class="quiet">${counted(met.dropped, "older call")} no longer in the journal: not counted.</p>`}`;
}

/** @param {{vendor: string, operations: any[], calls: Record<string, any>, fields: any[]}} props */
function Vendor({ vendor, operations, calls, fields }) {
  const got = (one) => calls[`${vendor} ${one.operation}`] ?? {};
  const statuses = [...new Set(operations.flatMap((one) => [...Object.keys(one.statuses), ...Object.keys(got(one))]))].sort();
  const documented = operations.flatMap((one) => Object.keys(one.statuses).map((status) => got(one)[status] > 0));
  return html`<h2>${vendor} <span class="quiet">${operations.filter((one) => Object.keys(got(one)).length).length} of ${operations.length} operations,${" "}
      ${documented.filter(Boolean).length} of ${documented.length} statuses</span></h2>
    <${Table} kind="card heat lines" heads=${["Operation", ...statuses.map((one) => (one === "0" ? "broken" : one))]}>
      ${operations.map((one) => html`<tr key=${one.operation}><th scope="row" title=${one.summary}>${one.operation}</th>
        ${statuses.map((status) => html`<${Cell} key=${status} level=${one.statuses[status]} count=${got(one)[status]}
          href=${link(["calls"], { vendor, operation: one.operation, status })} />`)}</tr>`)}<//>
    ${fields.length > 0 && html`<${Fields} fields=${fields} />`}`;
}

/** @param {{level?: string, count?: number, href: string}} props */
function Cell({ level, count, href }) {
  if (!level && !count) return html`<td />`;
  const known = level ?? "outside the contract";
  return html`<td class=${`cell evidence-${level ?? "none"} ${count ? "met" : ""}`} title=${known}>
    ${count ? html`<a href=${href} aria-label=${counted(count, "call")}>${count}</a>` : html`<span class="unseen">not met, ${known}</span>`}</td>`;
}

/** The fields of a GraphQL schema, by type. @param {{fields: any[]}} props */
function Fields({ fields }) {
  const types = [...new Set(fields.map((one) => one.type))];
  return html`<details class="card" open><summary>GraphQL fields: ${fields.filter((one) => one.calls).length} of ${fields.length} selected</summary>
    <table class="pairs"><tbody>${types.map((type) => html`<tr key=${type}><th scope="row">${type}</th><td>${fields.filter((one) => one.type === type).map((one) => html`
      <span key=${one.field} class=${`tag ${one.calls ? "s2" : ""}`} title=${counted(one.calls, "call")}>${one.field}</span> `)}</td></tr>`)}</tbody></table></details>`;
}
