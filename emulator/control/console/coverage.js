/** Coverage: which operations and statuses the calls of a sandbox have met, and how well each is known. */

import { counted, Evidence, html, link, Loadable, own, Pairs, shown, Table, useDocuments, valuesOf, VendorFilter } from "./parts.js";

const LEVELS = ["documented", "observed", "inferred", "assumed"];

/** @param {{params: Record<string, string>}} props */
export function Coverage({ params }) {
  const loaded = useDocuments(["operations", own("coverage"), own("conduct")], 2000);
  return html`<h1>Coverage</h1>
    <p class="quiet">How many calls got each status. Its colour is how well it is known.${" "}
      ${LEVELS.map((level) => html`<${Evidence} key=${level} level=${level} />${" "}`)}</p>
    <${Loadable} of=${loaded}>${([{ operations }, met, { findings }]) => html`
      <div class="filters"><${VendorFilter} value=${params.vendor} vendors=${valuesOf(operations, "vendor")} /></div>
      ${valuesOf(operations, "vendor").filter((one) => one === (params.vendor || one)).map((vendor) => html`<${Vendor} key=${vendor}
        vendor=${vendor} operations=${operations.filter((one) => one.vendor === vendor)} met=${met} />`)}
      ${findings.length > 0 && html`<h2>Conduct of the client</h2>
        <${Table} heads=${["Rule", "What happened"]} of=${findings} id="sentence" cells=${(one) => [one.rule + (one.harm ? " (harm)" : ""),
          html`<a href=${link(["calls", one.exchanges[0]])}>${shown(one.sentence)}</a>`]} />`}
      ${met.dropped > 0 && html`<p class="quiet">${counted(met.dropped, "older call")} no longer in the journal: not counted.</p>`}`}<//>`;
}

/** @param {{vendor: string, operations: any[], met: any}} props */
function Vendor({ vendor, operations, met }) {
  const its = (/** @type {any[]} */ list) => list.filter((one) => one.vendor === vendor);
  const calls = Object.fromEntries(its(met.operations).map((one) => [one.operation, one.statuses]));
  const rows = operations.map((one) => ({ ...one, calls: calls[one.operation] ?? {} }));
  const statuses = [...new Set(rows.flatMap((one) => Object.keys({ ...one.statuses, ...one.calls })))].sort();
  const fields = its(met.graphql_fields);
  return html`<h2>${vendor} <span class="quiet">${rows.filter((one) => Object.keys(one.calls).length).length} of ${counted(rows.length, "operation")}</span></h2>
    <${Table} kind="card heat lines" heads=${["Operation", ...statuses.map((one) => (one === "0" ? "broken" : one))]} of=${rows} id="operation"
      cells=${(one) => [html`<span class=${one.neighbour ? "quiet" : ""} title=${one.summary}>${one.operation}</span>`,
        ...statuses.map((status) => cell(vendor, one, status))]} />
    ${fields.length > 0 && html`<${Fields} fields=${fields} />`}`;
}

/** How often an operation got a status. @param {string} vendor @param {any} row @param {string} status */
function cell(vendor, { operation, statuses, calls }, status) {
  const level = statuses[status];
  const count = calls[status];
  if (!level && !count) return "";
  const known = level ?? "outside the contract";
  return html`<td class=${`cell evidence-${level ?? "none"} ${count ? "met" : ""}`} title=${known}>
    ${count ? html`<a href=${link(["calls"], { vendor, operation, status })} aria-label=${counted(count, "call")}>${count}</a>`
      : html`<span class="unseen">not met, ${known}</span>`}</td>`;
}

/** The fields of a GraphQL schema, by type. @param {{fields: any[]}} props */
function Fields({ fields }) {
  const tags = (/** @type {string} */ type) => fields.filter((one) => one.type === type).map(({ field, calls }) => html`
    <span key=${field} class=${`tag ${calls ? "s2" : ""}`} title=${counted(calls, "call")}>${field}</span> `);
  return html`<div class="card"><${Pairs} title=${`GraphQL fields: ${fields.filter((one) => one.calls).length} of ${fields.length} selected`}
    pairs=${valuesOf(fields, "type").map((type) => [type, tags(type)])} open /></div>`;
}
