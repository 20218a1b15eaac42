/** Records: the collections of a sandbox, their records, and what changed. */

import { call, get, pathOf } from "./api.js";
import { link, setParams } from "./address.js";
import { Record } from "./record.js";
import { counted, Failure, Loadable, shown, Table, useAction, useLoaded } from "./parts.js";
import { html } from "./vendored/htm-preact.js";

const PAGE = 50;
const MOST_COLUMNS = 6;
const MOST_LETTERS = 80;

/** @param {{sandbox: string, path: string[], params: Record<string, string>}} props */
export function Records({ sandbox, path, params }) {
  const [, name, id] = path;
  const loaded = useLoaded(() => get(pathOf(sandbox, "state")), [sandbox, name]);
  return html`<${Loadable} of=${loaded}>${({ collections }) => {
    const found = collections.find((one) => one.collection === name);
    if (name && !found) return html`<p class="failure" role="alert">There is no collection ${shown(name)}.</p>`;
    if (!found) return html`<${Collections} sandbox=${sandbox} collections=${collections} />`;
    if (id || params.add) return html`<${Record} key=${id} id=${id} sandbox=${sandbox} collection=${found} />`;
    return html`<${Collection} sandbox=${sandbox} collection=${found} params=${params} reload=${loaded.reload} />`;
  }}<//>`;
}

/** @param {{sandbox: string, collections: any[]}} props */
function Collections({ sandbox, collections }) {
  const changes = useLoaded(() => get(pathOf(sandbox, "changes")), [sandbox]);
  const changed = changes.value?.collections ?? [];
  return html`<h1>Records</h1>
    <div class="cards narrow">${[...new Set(collections.map((one) => one.vendor))].map((vendor) => html`
      <section key=${vendor} class="card"><h2>${vendor}</h2><${Table} kind="" heads=${["(Collection)", "(Records)", "(Changes)"]}>
        ${collections.filter((one) => one.vendor === vendor).map(({ collection, records }) => html`<tr key=${collection}>
          <td><a href=${link(["records", collection])}>${collection.slice(vendor.length + 1)}</a></td>
          <td class="right">${records.toLocaleString("en")}</td>
          <td class="quiet">${countsOf(changed.find((one) => one.collection === collection)?.counts)}</td></tr>`)}<//></section>`)}</div>
    <h2>What changed since the beginning</h2>
    <${Loadable} of=${changes}>${() => changed.length ? changed.map((one) => html`<${Changes} key=${one.collection} of=${one} />`)
      : html`<p class="empty quiet">Nothing: the records are those of the fixtures.</p>`}<//>`;
}

/** @param {any} counts */
function countsOf(counts) {
  return Object.entries(counts ?? {}).filter(([, count]) => count).map(([kind, count]) => `${count} ${kind}`).join(", ");
}

/** @param {{of: any}} props */
function Changes({ of: { collection, added, changed, removed, counts } }) {
  const record = (id) => html`<a href=${link(["records", collection, String(id)])}>${shown(id)}</a>`;
  const summary = (one) => (one === undefined ? "–" : shown(JSON.stringify(one).slice(0, 200)));
  return html`<details class="card" open><summary>${collection}: ${countsOf(counts)}</summary><ul class="changes mono">
    ${added.map((one, number) => html`<li key=${`+${number}`} class="added">+ ${summary(one)}</li>`)}
    ${removed.map((one, number) => html`<li key=${`-${number}`} class="removed">− ${summary(one)}</li>`)}
    ${changed.map(({ id, differences }) => html`<li key=${id}>${record(id)}<ul>${differences.map((one) => html`
      <li key=${one.pointer}>${shown(one.pointer)}: <span class="removed">${summary(one.before)}</span> → ${" "}
        <span class="added">${summary(one.after)}</span></li>`)}</ul></li>`)}</ul></details>`;
}

/** @param {{sandbox: string, collection: any, params: Record<string, string>, reload: () => void}} props */
function Collection({ sandbox, collection, params, reload }) {
  const { collection: name, key, populates } = collection;
  const skip = Number(params.skip) || 0;
  const query = new URLSearchParams({ skip: String(skip), limit: String(PAGE), text: params.text ?? "" });
  const loaded = useLoaded(() => get(`${pathOf(sandbox, "state", name)}?${query}`), [sandbox, name, String(query)]);
  const [run, error] = useAction();
  const populate = (event) => {
    event.preventDefault();
    const count = Number(event.target.elements.count.value);
    run(async () => {
      await call("POST", `${pathOf(sandbox)}/state/populate`, { collection: name, count });
      loaded.reload();
      reload();
    });
  };
  return html`
    <div class="bar"><h1><a href=${link(["records"])}>Records</a> / ${name}</h1>
      <span class="right">
        ${populates && html`<form onSubmit=${populate}><input name="count" type="number" min="1" max="10000" value="10" aria-label="How many records" />
          ${" "}<button>Populate</button></form>`}
        <a class="button main" href=${link(["records", name], { add: "1" })}>Add</a></span></div>
    <form class="filters" onSubmit=${(event) => event.preventDefault()}><label>text <input name="text" type="search" value=${params.text ?? ""}
      placeholder="in any field" onInput=${(event) => setParams({ text: event.target.value, skip: "" })} /></label></form>
    <${Failure} error=${error} />
    <${Loadable} of=${loaded}>${({ records, total }) => html`
      ${records.length ? html`<${Table} kind="card lines" heads=${columnsOf(records, key)}>
        ${records.map((record) => html`<${Row} key=${record[key]} record=${record} columns=${columnsOf(records, key)} name=${name} />`)}<//>` : html`<p class="empty quiet">${params.text ? "No record contains this text." : "There are no records."}</p>`}
      <p class="bar"><span class="quiet" role="status">${records.length ? `${skip + 1} to ${skip + records.length} of ` : ""}${counted(total, "record")}</span>
        <button type="button" disabled=${!skip} onClick=${() => setParams({ skip: String(Math.max(0, skip - PAGE)) })}>Previous</button>
        <button type="button" disabled=${skip + PAGE >= total} onClick=${() => setParams({ skip: String(skip + PAGE) })}>Next</button></p>`}<//>`;
}

/** @param {{record: any, columns: string[], name: string}} props */
function Row({ record, columns, name }) {
  const [key, ...others] = columns;
  const id = String(record[key]);
  return html`<tr><td class="mono"><a href=${link(["records", name, id])}>${shown(id)}</a></td>
    ${others.map((one) => html`<td key=${one}>${shown(String(record[one] ?? "").slice(0, MOST_LETTERS))}</td>`)}</tr>`;
}

/** Return the fields to show: the key, and those with plain values. @param {any[]} records @param {string} key */
function columnsOf(records, key) {
  const plain = Object.keys(records[0]).filter((name) => records.some((one) => one[name] && typeof one[name] !== "object"));
  const named = plain.filter((name) => name === "name" || name === "displayName");
  return [...new Set([key, ...named, ...plain])].slice(0, MOST_COLUMNS);
}
