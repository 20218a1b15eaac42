/** Sandboxes: make, copy, reset, drop; which one the console shows. */

import { call, pathOf } from "./api.js";
import { link, setParams } from "./address.js";
import { counted, duration, Failure, Form, Loadable, Table, useAction, useDocuments, valuesOf } from "./parts.js";
import { Fields } from "./schema_form.js";
import { html, useState } from "./vendored/htm-preact.js";

const DEFAULT = "default";
const HEADS = ["Sandbox", "> Calls", "Made", "Last call", "Expires", "Scenarios", "(Actions)"];

/** @param {{sandbox: string, params: Record<string, string>}} props */
export function Sandboxes({ sandbox, params }) {
  const loaded = useDocuments(["sandboxes", "schemas/sandbox-request.schema.json"], 2000);
  return html`
    <h1>Sandboxes</h1>
    <p class="quiet">Each has its own records, credentials, faults, calls and clock. The console shows one of them.</p>
    <${Loadable} of=${loaded}>${([{ sandboxes }, schema]) => html`
      <${Table} kind="card lines" heads=${HEADS}>
        ${sandboxes.map((one) => html`<${Row} key=${one.name} of=${one} isShown=${one.name === sandbox} act=${loaded.act} />`)}<//>
      <${NewSandbox} key=${params.from} from=${params.from} schema=${schema} names=${valuesOf(sandboxes, "name")} onMade=${loaded.reload} />`}<//>`;
}

/** @param {{of: any, isShown: boolean, act: import("./parts.js").Act}} props */
function Row({ of, isShown, act }) {
  const { name, recorded } = of;
  const button = (label, onClick, kind = "", disabled = false) => html`<button class=${`small ${kind}`} disabled=${disabled}
    aria-label=${`${label} ${name}`} onClick=${onClick}>${label}</button>`;
  return html`<tr aria-current=${isShown ? "true" : null}>
    <td><a href=${link(["calls"], { sandbox: name })}>${name}</a></td><td class="right">${counted(recorded)}</td>
    <td>${ago(of.created_at)}</td><td>${recorded ? ago(of.last_used_at) : "none"}</td><td>${expiry(of)}</td>
    <td>${of.scenarios.join(", ")}</td>
    <td class="actions">${button(isShown ? "Shown" : "Show", () => setParams({ sandbox: name }), "", isShown)}
      ${button("Copy", () => setParams({ from: name }))}
      ${button("Reset", () => act("POST", pathOf(name, "reset")))}
      ${name !== DEFAULT && button("Drop", () => act("DELETE", pathOf(name)), "danger")}</td></tr>`;
}

/** @param {{from?: string, schema: any, names: string[], onMade: () => void}} props */
function NewSandbox({ from, schema, names, onMade }) {
  const [value, setValue] = useState(/** @type {any} */ (from ? { from } : {}));
  const [round, setRound] = useState(0);
  const [run, error] = useAction();
  const make = () => run(async () => {
    await call("POST", "sandboxes", value ?? {});
    setValue({});
    setRound(round + 1);
    setParams({ from: "" });
    onMade();
  });
  return html`<h2>${from ? `A copy of ${from}` : "A new sandbox"}</h2>
    <${Form} class="card" onSend=${make}>
      <${Fields} key=${round} schema=${schema} root=${schema} value=${value} onChange=${setValue} choices=${{ from: names }} />
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
