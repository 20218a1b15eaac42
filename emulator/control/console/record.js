/** One record: as a form made from its schema, and as JSON. */

import { call, get, pathOf } from "./api.js";
import { link } from "./address.js";
import { Failure, Loadable, shown, useAction, useLoaded } from "./parts.js";
import { Fields, resolved } from "./schema_form.js";
import { html, useState } from "./vendored/htm-preact.js";

/** @param {{id?: string, sandbox: string, collection: any}} props without `id`, a new one */
export function Record({ id, sandbox, collection }) {
  const { collection: name } = collection;
  const own = pathOf(sandbox, "state", name, ...(id ? [id] : []));
  const load = () => Promise.all([get(`schemas/${name}.fixture.schema.json`), id ? get(own) : {}]);
  const loaded = useLoaded(load, [sandbox, name, id]);
  return html`<h1><a href=${link(["records"])}>Records</a> /${" "}
      <a href=${link(["records", name])}>${name}</a> / ${id ? shown(id) : "new"}</h1>
    <${Loadable} of=${loaded}>${([schema, record]) => html`<${Editor} key=${id} id=${id} own=${own} schema=${schema} record=${record}
      back=${link(["records", name])} />`}<//>`;
}

/** @param {{id?: string, own: string, schema: any, record: any, back: string}} props */
function Editor({ id, own, schema, record, back }) {
  const [value, setValue] = useState(record);
  const [isForced, setForced] = useState(false);
  const [text, setText] = useState(/** @type {string | null} */ (null));
  const [run, error] = useAction();
  const shape = recordSchema(schema);
  const save = (event) => {
    event.preventDefault();
    run(async () => {
      const document = text === null ? value ?? {} : JSON.parse(text);
      await call(id ? "PUT" : "POST", `${own}${isForced ? "?force=true" : ""}`, document);
      location.hash = back;
    });
  };
  const remove = () => run(async () => {
    await call("DELETE", own);
    location.hash = back;
  });
  const flip = () => run(async () => {
    if (text !== null) setValue(JSON.parse(text));
    setText(text === null ? JSON.stringify(value ?? {}, null, 2) : null);
  });
  const asJson = text !== null || !shape.properties;
  return html`<form onSubmit=${save} class="card">
    <p class="bar"><span class="quiet">${id ? "" : "Fields that you leave out are made up."}</span>
      ${shape.properties && html`<span class="right"><button type="button" onClick=${flip}>${asJson ? "As a form" : "As JSON"}</button></span>`}</p>
    ${asJson ? html`<textarea class="mono" rows="24" aria-label="The record as JSON" spellcheck="false"
        value=${text ?? JSON.stringify(value ?? {}, null, 2)} onInput=${(event) => setText(event.target.value)} />`
      : html`<${Fields} schema=${shape} root=${schema} value=${value} onChange=${setValue} />`}
    <${Failure} error=${error} />
    <p class="bar"><button class="main">${id ? "Save" : "Add"}</button> <a class="button" href=${back}>Cancel</a>
      <label><input type="checkbox" checked=${isForced} onChange=${(event) => setForced(event.target.checked)} /> against its schema, too</label>
      ${id && html`<span class="right"><button type="button" class="danger" onClick=${remove}>Delete</button></span>`}</p>
  </form>`;
}

/** Return the schema of a record within that of its fixture file. @param {any} schema */
function recordSchema(schema) {
  const parts = schema.else?.properties?.records?.items?.allOf ?? [];
  return resolved(parts[0], schema);
}
