/** Records: the collections of a sandbox, their records, and what changed. */

import { link, own, setParams } from "./address.js";
import { counted, Form, Loadable, shown, Table, useDocuments, valuesOf } from "./parts.js";
import { Record } from "./record.js";
import { html } from "./vendored/htm-preact.js";

const PAGE = 50;
const MOST_COLUMNS = 6;
const MOST_LETTERS = 80;

/** @param {{path: string[], params: Record<string, string>}} props */
export function Records({ path: [, name, id], params }) {
  const loaded = useDocuments([own("state")]);
  return html`<${Loadable} of=${loaded}>${([{ collections }]) => {
    const found = collections.find((one) => one.collection === name);
    if (name && !found) return html`<p class="failure" role="alert">There is no collection ${shown(name)}.</p>`;
    if (!found) return html`<${Collections} collections=${collections} />`;
    if (id || params.add) return html`<${Record} key=${id} id=${id} name=${name} />`;
    return html`<${Collection} collection=${found} params=${params} />`;
  }}<//>`;
}

/** @param {{collections: any[]}} props */
function Collections({ collections }) {
  const changes = useDocuments([own("changes")]);
  const changed = changes.value?.[0].collections ?? [];
  return html`<h1>Records</h1>
    <div class="cards narrow">${valuesOf(collections, "vendor").map((vendor) => html`
      <section key=${vendor} class="card"><h2>${vendor}</h2><${Table} kind="" heads=${["(Collection)", "(Records)", "(Changes)"]}>
        ${collections.filter((one) => one.vendor === vendor).map(({ collection, records }) => html`<tr key=${collection}>
          <td><a href=${link(["records", collection])}>${collection.slice(vendor.length + 1)}</a></td>
          <td class="right">${counted(records)}</td>
          <td class="quiet">${countsOf(changed.find((one) => one.collection === collection)?.counts)}</td></tr>`)}<//></section>`)}</div>
    <h2>What changed since the beginning</h2>
    <${Loadable} of=${changes}>${() => changed.length ? changed.map((one) => html`<${Changes} key=${one.collection} of=${one} />`)
      : html`<p class="empty quiet">Nothing: the records are those of the fixtures.</p>`}<//>`;
}

/** @param {any} counts */
function countsOf(counts = {}) {
  return Object.entries(counts).filter(([, count]) => count).map(([kind, count]) => `${count} ${kind}`).join(", ");
}

/** @param {{of: any}} props */
function Changes({ of: { collection, added, changed, removed, counts } }) {
  const summary = (one) => (one === undefined ? "–" : shown(JSON.stringify(one), 200));
  const lines = (list, kind, sign) => list.map((one, number) => html`<li key=${sign + number} class=${kind}>${sign} ${summary(one)}</li>`);
  return html`<details class="card" open><summary>${collection}: ${countsOf(counts)}</summary><ul class="changes mono">
    ${lines(added, "added", "+")}${lines(removed, "removed", "−")}
    ${changed.map(({ id, differences }) => html`<li key=${id}><a href=${link(["records", collection, String(id)])}>${shown(id)}</a><ul>
      ${differences.map(({ pointer, before, after }) => html`<li key=${pointer}>${shown(pointer)}:${" "}
        <span class="removed">${summary(before)}</span> → <span class="added">${summary(after)}</span></li>`)}</ul></li>`)}</ul></details>`;
}

/** @param {{collection: any, params: Record<string, string>}} props */
function Collection({ collection: { collection: name, key, populates }, params }) {
  const skip = Number(params.skip) || 0;
  const query = new URLSearchParams({ skip: String(skip), limit: String(PAGE), text: params.text ?? "" });
  const loaded = useDocuments([`${own("state", name)}?${query}`]);
  const populate = ({ count }) => loaded.act("POST", own("state", "populate"), { collection: name, count: Number(count) });
  const to = (/** @type {number} */ first) => () => setParams({ skip: String(Math.max(0, first)) });
  return html`
    <div class="bar"><h1><a href=${link(["records"])}>Records</a> / ${name}</h1>
      <span class="right">
        ${populates && html`<${Form} class="bar" onSend=${populate}><input name="count" type="number" min="1" max="10000" value="10"
          aria-label="How many records" /><button>Populate</button><//>`}
        <a class="button main" href=${link(["records", name], { add: "1" })}>Add</a></span></div>
    <div class="filters" role="search"><label>text <input name="text" type="search" value=${params.text ?? ""}
      placeholder="in any field" onInput=${(event) => setParams({ text: event.target.value, skip: "" })} /></label></div>
    <${Loadable} of=${loaded}>${([{ records, total }]) => html`
      ${records.length ? html`<${Rows} records=${records} id=${key} name=${name} />`
        : html`<p class="empty quiet">${params.text ? "No record contains this text." : "There are no records."}</p>`}
      <p class="bar"><span class="quiet" role="status">${records.length ? `${skip + 1} to ${skip + records.length} of ` : ""}${counted(total, "record")}</span>
        <button disabled=${!skip} onClick=${to(skip - PAGE)}>Previous</button>
        <button disabled=${skip + PAGE >= total} onClick=${to(skip + PAGE)}>Next</button></p>`}<//>`;
}

/** @param {{records: any[], id: string, name: string}} props `id` is the name of the key */
function Rows({ records, id, name }) {
  const columns = columnsOf(records, id);
  return html`<${Table} kind="card lines" heads=${columns}>${records.map((record) => html`<tr key=${record[id]}>
    <td class="mono"><a href=${link(["records", name, String(record[id])])}>${shown(record[id])}</a></td>
    ${columns.slice(1).map((one) => html`<td key=${one}>${shown(record[one] ?? "", MOST_LETTERS)}</td>`)}</tr>`)}<//>`;
}

/** Return the fields to show: the key, and those with plain values. @param {any[]} records @param {string} key */
function columnsOf(records, key) {
  const plain = Object.keys(records[0]).filter((name) => records.some((one) => one[name] && typeof one[name] !== "object"));
  const named = plain.filter((name) => name === "name" || name === "displayName");
  return [...new Set([key, ...named, ...plain])].slice(0, MOST_COLUMNS);
}
