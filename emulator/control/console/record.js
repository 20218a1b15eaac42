/** One record: as a form made from its schema, and as JSON. */

import { call, get, pathOf, send } from "./api.js";
import { link } from "./address.js";
import { jsonLines } from "./json_lines.js";
import { Failure, Loadable, shown, useAction, useLoaded } from "./parts.js";
import { Fields, resolved } from "./schema_form.js";
import { html, useState } from "./vendored/htm-preact.js";

const LONG_NUMBER = /(^|[^\w"])-?\d{16}/;

/** @param {{id?: string, sandbox: string, collection: any}} props without `id`, a new one */
export function Record({ id, sandbox, collection }) {
  const { collection: name } = collection;
  const own = pathOf(sandbox, "state", name, ...(id ? [id] : []));
  const load = () => Promise.all([get(`schemas/${name}.fixture.schema.json`), id ? send("GET", own).then((reply) => reply.text()) : "{}"]);
  const loaded = useLoaded(load, [sandbox, name, id]);
  return html`<h1><a href=${link(["records"])}>Records</a> /${" "}
      <a href=${link(["records", name])}>${name}</a> / ${id ? shown(id) : "new"}</h1>
    <${Loadable} of=${loaded}>${([schema, stored]) => html`<${Editor} key=${id} id=${id} own=${own} schema=${schema} stored=${stored}
      back=${link(["records", name])} />`}<//>`;
}

/** @param {{id?: string, own: string, schema: any, stored: string, back: string}} props `stored` is its JSON */
function Editor({ id, own, schema, stored, back }) {
  const [value, setValue] = useState(() => JSON.parse(stored));
  const [isForced, setForced] = useState(false);
  // As JSON it is sent as it is written: a form would round a long number.
  const isExact = !LONG_NUMBER.test(stored);
  const [text, setText] = useState(/** @type {string | null} */ (isExact ? null : laidOut(stored)));
  const [run, error] = useAction();
  const shape = recordSchema(schema);
  const save = (event) => {
    event.preventDefault();
    run(async () => {
      const document = text === null ? value ?? {} : checked(text);
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
      ${shape.properties && isExact && html`<span class="right"><button type="button" onClick=${flip}>${asJson ? "As a form" : "As JSON"}</button></span>`}</p>
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

/** @param {string} json */
function laidOut(json) {
  return jsonLines(json).map(({ indent, text }) => "  ".repeat(indent) + text).join("\n");
}

/** Return a text that is JSON. @param {string} text */
function checked(text) {
  JSON.parse(text);
  return text;
}
