/** The clock of a sandbox, the switches that decide what nobody knows, and its snapshots. */

import { call, get, pathOf } from "./api.js";
import { Evidence, Failure, Loadable, Table, useAction, useLoaded } from "./parts.js";
import { html, useState } from "./vendored/htm-preact.js";

const STEPS = { "1 minute": 60, "1 hour": 3600, "1 day": 86_400, "30 days": 2_592_000 };

/** @param {{sandbox: string}} props */
export function ClockAndSwitches({ sandbox }) {
  return html`<h1>Clock and switches</h1>
    <div class="cards"><${Clock} path=${pathOf(sandbox, "clock")} /><${Snapshots} path=${pathOf(sandbox, "snapshots")} /></div>
    <${Switches} path=${pathOf(sandbox, "switches")} />`;
}

/** @param {{path: string}} props */
function Clock({ path }) {
  const loaded = useLoaded(() => get(path), [path], 1000);
  const [text, setText] = useState("");
  const [run, error] = useAction();
  const act = (method, body, below = "") => run(() => call(method, `${path}${below}`, body).then(loaded.reload));
  const set = (event) => {
    event.preventDefault();
    act("PUT", { now: text });
  };
  return html`<section class="card"><h2>Clock</h2><${Failure} error=${error} /><${Loadable} of=${loaded}>${({ now, frozen }) => html`
    <p class="bar"><output class="mono time-now">${now.slice(0, 19).replace("T", " ")} UTC</output>
      <button type="button" aria-pressed=${frozen} onClick=${() => act("PUT", { frozen: !frozen })}>${frozen ? "Frozen: let it run" : "Freeze"}</button>
      <button type="button" onClick=${() => act("PUT", { now: null, frozen: false })}>Real time</button></p>
    <p class="bar">Advance by ${Object.entries(STEPS).map(([name, seconds]) => html`<button key=${name} type="button"
      onClick=${() => act("POST", { seconds }, "/advance")}>${name}</button>`)}</p>
    <form class="bar" onSubmit=${set}><label>Set it to <input value=${text} placeholder="2030-01-01T00:00:00Z" required
      onInput=${(event) => setText(event.target.value)} /></label><button>Set</button></form>`}<//></section>`;
}

/** @param {{path: string}} props */
function Snapshots({ path }) {
  const loaded = useLoaded(() => get(path), [path]);
  const [name, setName] = useState("");
  const [run, error] = useAction();
  const act = (method, below, body) => run(() => call(method, `${path}${below}`, body).then(loaded.reload));
  const save = (event) => {
    event.preventDefault();
    act("POST", "", { name });
  };
  return html`<section class="card"><h2>Snapshots</h2><p class="quiet">All records of the sandbox under a name, to return to.</p><${Failure} error=${error} />
    <${Loadable} of=${loaded}>${({ snapshots }) => snapshots.length > 0 && html`<${Table} kind="" heads=${["Snapshot", "> Bytes", "(Actions)"]}>${snapshots.map((one) => html`<tr key=${one.name}><td>${one.name}</td>
        <td class="right">${one.bytes.toLocaleString("en")}</td><td class="actions">
          <button type="button" class="small" aria-label=${`Restore ${one.name}`} onClick=${() => act("POST", `/${one.name}/restore`)}>Restore</button>
          <button type="button" class="small danger" aria-label=${`Delete ${one.name}`} onClick=${() => act("DELETE", `/${one.name}`)}>Delete</button>
        </td></tr>`)}<//>`}<//>
    <form class="bar" onSubmit=${save}><label>Save as <input value=${name} required placeholder="before"
      onInput=${(event) => setName(event.target.value)} /></label><button>Save</button></form></section>`;
}

/** @param {{path: string}} props */
function Switches({ path }) {
  const loaded = useLoaded(() => Promise.all([get(path), get("assumptions")]), [path]);
  const [run, error] = useAction();
  const set = (name, text, choices) => run(() => call("PATCH", path, { [name]: choices.find((one) => String(one) === text) }).then(loaded.reload));
  return html`<h2>Switches</h2><p class="quiet">What nobody knows of a vendor: try your client with each value.</p><${Failure} error=${error} />
    <${Loadable} of=${loaded}>${([values, { switches }]) => html`<${Table} kind="card switches" heads=${["Switch", "What it decides", "Evidence", "Value"]}>${switches.map(({ switch: name, decides, choices, evidence, default: usual }) => html`<tr key=${name}>
        <td class="mono">${name}</td><td class="says">${decides}</td>
        <td class="says"><${Evidence} level=${evidence.level} /> <small class="quiet">${[evidence.source, evidence.note].filter(Boolean).join(". ")}</small></td>
        <td><select aria-label=${name} value=${String(values[name])} onChange=${(event) => set(name, event.target.value, choices)}
            class=${values[name] === usual ? "" : "changed"}>
          ${choices.map((one) => html`<option key=${String(one)} value=${String(one)}>${String(one)}${one === usual ? " (default)" : ""}</option>`)}
        </select></td></tr>`)}<//>`}<//>`;
}
