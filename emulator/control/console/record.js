/** One record: as a form made from its schema, and as JSON. */

import { link, own } from "./address.js";
import { call, get, send } from "./api.js";
import { jsonLines } from "./json_lines.js";
import { Failure, Form, Loadable, shown, useAction, useLoaded } from "./parts.js";
import { Fields, resolved } from "./schema_form.js";
import { html, useState } from "./vendored/htm-preact.js";

const LONG_NUMBER = /(^|[^\w"])-?\d{16}/;

/** @param {{id?: string, name: string}} props the record's id (without it, a new one), its collection's name */
export function Record({ id, name }) {
  const path = own("state", name, ...(id ? [id] : []));
  const stored = () => (id ? send("GET", path).then((reply) => reply.text()) : "{}");
  const loaded = useLoaded(() => Promise.all([get(`schemas/${name}.fixture.schema.json`), stored()]), [path]);
  return html`<h1><a href=${link(["records"])}>Records</a> / <a href=${link(["records", name])}>${name}</a> / ${id ? shown(id) : "new"}</h1>
    <${Loadable} of=${loaded}>${([schema, text]) => html`
      <${Editor} isNew=${!id} path=${path} schema=${schema} stored=${text} back=${link(["records", name])} />`}<//>`;
}

/** @param {{isNew: boolean, path: string, schema: any, stored: string, back: string}} props `stored` is its JSON */
function Editor({ isNew, path, schema, stored, back }) {
  const [value, setValue] = useState(() => JSON.parse(stored));
  const shape = resolved(schema.else?.properties?.records?.items?.allOf?.[0], schema);
  // As JSON it is sent as it is written: a form would round a long number.
  const hasForm = shape.properties && !LONG_NUMBER.test(stored);
  const [text, setText] = useState(/** @type {string | null} */ (hasForm ? null : laidOut(stored)));
  const [run, error] = useAction();
  const leave = () => {
    location.hash = back;
  };
  const save = ({ force }) => run(() => {
    const document = text === null ? value ?? {} : checked(text);
    return call(isNew ? "POST" : "PUT", `${path}${force ? "?force=true" : ""}`, document).then(leave);
  });
  const remove = () => run(() => call("DELETE", path).then(leave));
  const flip = () => run(async () => {
    if (text !== null) setValue(JSON.parse(text));
    setText(text === null ? JSON.stringify(value ?? {}, null, 2) : null);
  });
  return html`<${Form} onSend=${save} class="card">
    <p class="bar"><span class="quiet">${isNew ? "Fields that you leave out are made up." : ""}</span>
      ${hasForm && html`<span class="right"><button type="button" onClick=${flip}>${text === null ? "As JSON" : "As a form"}</button></span>`}</p>
    ${text === null ? html`<${Fields} schema=${shape} root=${schema} value=${value} onChange=${setValue} />`
      : html`<textarea class="mono" rows="24" aria-label="The record as JSON" spellcheck="false" value=${text}
        onInput=${(event) => setText(event.target.value)} />`}
    <${Failure} error=${error} />
    <p class="bar"><button class="main">${isNew ? "Add" : "Save"}</button> <a class="button" href=${back}>Cancel</a>
      <label><input type="checkbox" name="force" /> even if it violates its schema</label>
      ${!isNew && html`<span class="right"><button type="button" class="danger" onClick=${remove}>Delete</button></span>`}</p>
  <//>`;
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
