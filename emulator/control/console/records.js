/** Records: the collections of a sandbox, their records, and what changed. */

import { jsonLines } from "./json_lines.js";
import {
  call, counted, Failure, Form, get, html, link, Loadable, own, send, setParams, shown, Table, TextFilter, useAction, useDocuments,
  useLoaded, useState, valuesOf,
} from "./parts.js";
import { Fields, resolved } from "./schema_form.js";

const PAGE = 50;
const MOST_COLUMNS = 5;
const MOST_LETTERS = 80;
const LONG_NUMBER = /(^|[^\w"])-?\d{16}/;

/** @param {{path: string[], params: Record<string, string>}} props */
export function Records({ path: [, name, id], params }) {
  const loaded = useDocuments([own("state")]);
  return html`<${Loadable} of=${loaded}>${([{ collections }]) => {
    const found = collections.find((one) => one.collection === name);
    if (name && !found) return html`<h1><a href=${link(["records"])}>Records</a></h1>
      <${Failure} error=${new Error(`There is no collection ${shown(name)}.`)} />`;
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
      <section key=${vendor} class="card"><h2>${vendor}</h2>
        <${Table} kind="plain" heads=${["(Collection)", "(Changes)", "> (Records)"]} of=${collections.filter((one) => one.vendor === vendor)} id="collection"
          cells=${({ collection, records }) => [html`<a href=${link(["records", collection])}>${collection.slice(vendor.length + 1)}</a>`,
            countsOf(changed.find((one) => one.collection === collection)?.counts), counted(records)]} /></section>`)}</div>
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
    <div class="filters" role="search"><${TextFilter} name="text" value=${params.text} hint="in any field" /></div>
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
  return html`<${Table} kind="card lines" heads=${columns} of=${records} id=${id} cells=${(record) => [
    html`<a class="mono" href=${link(["records", name, String(record[id])])}>${shown(record[id])}</a>`,
    ...columns.slice(1).map((one) => shown(record[one] ?? "", MOST_LETTERS))]} />`;
}

/** Return the fields to show: the key, and those with plain values. @param {any[]} records @param {string} key */
function columnsOf(records, key) {
  const plain = Object.keys(records[0]).filter((name) => records.some((one) => one[name] && typeof one[name] !== "object"));
  const named = plain.filter((name) => name === "name" || name === "displayName");
  return [...new Set([key, ...named, ...plain])].slice(0, MOST_COLUMNS);
}

/** One record: as a form made from its schema, and as JSON.
 * @param {{id?: string, name: string}} props the id of the record (without it, a new one), the name of its collection */
function Record({ id, name }) {
  const path = own("state", name, ...(id ? [id] : []));
  const stored = () => (id ? send("GET", path).then((reply) => reply.text()) : "{}");
  const loaded = useLoaded(() => Promise.all([get(`schemas/${name}.fixture.schema.json`), stored()]), [path]);
  return html`<h1><a href=${link(["records"])}>Records</a> / <a href=${link(["records", name])}>${name}</a> / ${id ? shown(id) : "new"}</h1>
    <${Loadable} of=${loaded}>${([schema, text]) => html`
      <${Editor} isNew=${!id} path=${path} schema=${schema} stored=${text} back=${link(["records", name])} />`}<//>`;
}

/** @param {{isNew: boolean, path: string, schema: any, stored: string, back: string}} props `stored` is its JSON */
function Editor({ isNew, path, schema, stored, back }) {
  const [text, setText] = useState(() => jsonLines(stored).map((line) => "  ".repeat(line.indent) + line.text).join("\n"));
  const shape = resolved(schema.else?.properties?.records?.items?.allOf?.[0], schema);
  // As JSON it is sent as it is written: a form would round a long number.
  const hasForm = shape.properties && !LONG_NUMBER.test(stored);
  const [isForm, setForm] = useState(hasForm);
  const [run, error] = useAction();
  const leave = () => {
    location.hash = back;
  };
  const save = ({ force }) => run(() => call(isNew ? "POST" : "PUT", `${path}${force ? "?force=true" : ""}`, text).then(leave));
  const remove = () => run(() => call("DELETE", path).then(leave));
  const flip = () => run(async () => {
    // Says where it is not JSON.
    JSON.parse(text);
    setForm(!isForm);
  });
  return html`<${Form} onSend=${save} class="card">
    <p class="bar"><span class="quiet">${isNew ? "Fields that you leave out are made up." : ""}</span>
      ${hasForm && html`<span class="right"><button type="button" onClick=${flip}>${isForm ? "As JSON" : "As a form"}</button></span>`}</p>
    ${isForm ? html`<${Fields} schema=${shape} root=${schema} value=${JSON.parse(text)}
        onChange=${(value = {}) => setText(JSON.stringify(value, null, 2))} />`
      : html`<textarea class="mono" rows="24" aria-label="The record as JSON" spellcheck="false" value=${text}
        onInput=${(event) => setText(event.target.value)} />`}
    <${Failure} error=${error} />
    <p class="bar"><button class="main">${isNew ? "Add" : "Save"}</button> <a class="button" href=${back}>Cancel</a>
      <label><input type="checkbox" name="force" /> even if it violates its schema</label>
      ${!isNew && html`<span class="right"><button type="button" class="danger" onClick=${remove}>Delete</button></span>`}</p>
  <//>`;
}
