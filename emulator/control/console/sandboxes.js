/** Sandboxes: make, copy, reset, drop; which one the console shows. */

import { call, get, pathOf } from "./api.js";
import { link, setParams } from "./address.js";
import { duration, Failure, Loadable, Table, useAction, useLoaded } from "./parts.js";
import { Fields } from "./schema_form.js";
import { html, useState } from "./vendored/htm-preact.js";

const DEFAULT = "default";

/** @param {{sandbox: string, params: Record<string, string>}} props */
export function Sandboxes({ sandbox, params }) {
  const loaded = useLoaded(() => Promise.all([get("sandboxes"), get("schemas/sandbox-request.schema.json")]), [], 2000);
  const [run, error] = useAction();
  const act = (method, name, below = "") => run(() => call(method, `${pathOf(name)}${below}`).then(loaded.reload));
  return html`
    <h1>Sandboxes</h1>
    <p class="quiet">Each has its own records, credentials, faults, calls and clock. The console shows one of them.</p>
    <${Failure} error=${error} />
    <${Loadable} of=${loaded}>${([{ sandboxes }, schema]) => html`
      <${Table} kind="card lines" heads=${["Sandbox", "> Calls", "Made", "Last call", "Expires", "Scenarios", "(Actions)"]}>
        ${sandboxes.map((one) => html`<tr key=${one.name} aria-current=${one.name === sandbox ? "true" : null}>
          <td><a href=${link(["calls"], { sandbox: one.name })}>${one.name}</a></td><td class="right">${one.recorded.toLocaleString("en")}</td>
          <td>${ago(one.created_at)}</td><td>${one.recorded ? ago(one.last_used_at) : "none"}</td><td>${expiry(one)}</td>
          <td>${one.scenarios.join(", ")}</td>
          <td class="actions"><button type="button" class="small" disabled=${one.name === sandbox} aria-label=${`Show ${one.name}`}
              onClick=${() => setParams({ sandbox: one.name })}>${one.name === sandbox ? "Shown" : "Show"}</button>
            <button type="button" class="small" aria-label=${`Copy ${one.name}`} onClick=${() => setParams({ from: one.name })}>Copy</button>
            <button type="button" class="small" aria-label=${`Reset ${one.name}`} onClick=${() => act("POST", one.name, "/reset")}>Reset</button>
            ${one.name !== DEFAULT && html`<button type="button" class="small danger" aria-label=${`Drop ${one.name}`}
              onClick=${() => act("DELETE", one.name)}>Drop</button>`}</td></tr>`)}<//>
      <${NewSandbox} key=${params.from} from=${params.from} schema=${schema} names=${sandboxes.map((one) => one.name)} onMade=${loaded.reload} />`}<//>`;
}

/** @param {{from?: string, schema: any, names: string[], onMade: () => void}} props */
function NewSandbox({ from, schema, names, onMade }) {
  const [value, setValue] = useState(/** @type {any} */ (from ? { from } : {}));
  const [round, setRound] = useState(0);
  const [run, error] = useAction();
  const make = (event) => {
    event.preventDefault();
    run(async () => {
      await call("POST", "sandboxes", value ?? {});
      setValue({});
      setRound(round + 1);
      setParams({ from: "" });
      onMade();
    });
  };
  return html`<h2>${from ? `A copy of ${from}` : "A new sandbox"}</h2>
    <form class="card" onSubmit=${make}>
      <${Fields} key=${round} schema=${schema} root=${schema} value=${value} onChange=${setValue} choices=${{ from: names }} />
      <${Failure} error=${error} />
      <p class="bar"><button class="main">Make</button></p></form>`;
}

/** @param {string} time */
function ago(time) {
  return `${duration(Math.max(1, (Date.now() - Date.parse(time)) / 1000))} ago`;
}

/** @param {any} sandbox */
function expiry({ ttl, idle }) {
  const parts = [ttl && `${duration(ttl)} after it was made`, idle && `after ${duration(idle)} without a call`];
  return parts.filter(Boolean).join(", ") || "never";
}
