/** Sandboxes: make, copy, reset, drop; which one the console shows. */

import {
  Button, call, counted, duration, Failure, Form, html, link, Loadable, pathOf, setParams, Table, useAction, useDocuments, useState,
  valuesOf,
} from "./parts.js";
import { Fields } from "./schema_form.js";

/** @param {{sandbox: string, params: Record<string, string>}} props */
export function Sandboxes({ sandbox, params }) {
  const loaded = useDocuments(["sandboxes", "schemas/sandbox-request.schema.json"], 2000);
  const actions = ({ name }) => html`
    <${Button} label="Show" of=${name} onClick=${() => setParams({ sandbox: name })} />
    <${Button} label="Copy" of=${name} onClick=${() => setParams({ from: name })} />
    <${Button} label="Reset" of=${name} onClick=${() => loaded.act("POST", pathOf(name, "reset"))} />
    ${name !== "default" && html`<${Button} label="Drop" of=${name} kind="danger" onClick=${() => loaded.act("DELETE", pathOf(name))} />`}`;
  const cells = (one) => [
    html`<a href=${link(["calls"], { sandbox: one.name })}>${one.name}</a>`, counted(one.recorded), ago(one.created_at),
    one.recorded ? ago(one.last_used_at) : "none", expiry(one), one.scenarios.join(", "), actions(one),
  ];
  return html`
    <h1>Sandboxes</h1>
    <p class="quiet">Each has its own records, credentials, faults, calls and clock.</p>
    <${Loadable} of=${loaded}>${([{ sandboxes }, schema]) => html`
      <${Table} kind="card lines stack" heads=${["Sandbox", "> Calls", "Made", "Last call", "Expires", "Scenarios", "(Actions)"]}
        of=${sandboxes} id="name" cells=${cells} current=${sandbox} />
      <${NewSandbox} key=${`${params.from} ${params.made}`} from=${params.from} schema=${schema}
        names=${valuesOf(sandboxes, "name")} onMade=${loaded.reload} />`}<//>`;
}

/** @param {{from?: string, schema: any, names: string[], onMade: () => void}} props */
function NewSandbox({ from, schema, names, onMade }) {
  const [value, setValue] = useState(/** @type {any} */ (from ? { from } : {}));
  const [run, error] = useAction();
  const make = () => run(async () => {
    const { name } = await call("POST", "sandboxes", value ?? {});
    // Another address, an empty form.
    setParams({ from: "", made: name });
    onMade();
  });
  return html`<h2>${from ? `A copy of ${from}` : "A new sandbox"}</h2>
    <${Form} class="card" onSend=${make}>
      <${Fields} schema=${schema} root=${schema} value=${value} onChange=${setValue} choices=${{ from: names }} />
      <${Failure} error=${error} />
      <p class="bar"><button class="main">Make</button></p><//>`;
}

/** @param {string} time */
function ago(time) {
  return `${duration(Math.max(1, Math.round((Date.now() - Date.parse(time)) / 1000)))} ago`;
}

/** @param {any} sandbox */
function expiry({ ttl, idle }) {
  const parts = [ttl && `${duration(ttl)} after it was made`, idle && `after ${duration(idle)} without a call`];
  return parts.filter(Boolean).join(", ") || "never";
}
