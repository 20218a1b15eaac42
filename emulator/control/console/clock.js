/** The clock of a sandbox, the switches that decide what nobody knows, and its snapshots. */

import { Button, Choice, counted, Evidence, Form, html, Loadable, own, Table, useDocuments } from "./parts.js";

const STEPS = { "1 minute": 60, "1 hour": 3600, "1 day": 86_400, "30 days": 2_592_000 };

export function ClockAndSwitches() {
  return html`<h1>Clock and switches</h1><div class="cards"><${Clock} /><${Snapshots} /></div><${Switches} />`;
}

function Clock() {
  const loaded = useDocuments([own("clock")], 1000);
  const set = (changes) => loaded.act("PUT", own("clock"), changes);
  const advance = (seconds) => loaded.act("POST", own("clock", "advance"), { seconds });
  return html`<section class="card"><h2>Clock</h2><${Loadable} of=${loaded}>${([{ now, frozen }]) => html`
    <p class="bar"><output class="mono time-now">${now.slice(0, 19).replace("T", " ")} UTC</output>
      <button onClick=${() => set({ frozen: !frozen })}>${frozen ? "Frozen: let it run" : "Freeze"}</button>
      <button onClick=${() => set({ now: null, frozen: false })}>Real time</button></p>
    <p class="bar">Advance by ${Object.entries(STEPS).map(([name, seconds]) => html`
      <button key=${name} onClick=${() => advance(seconds)}>${name}</button>`)}</p>
    <${Form} class="bar" onSend=${set}><label>Set it to <input name="now" placeholder="2030-01-01T00:00:00Z" required /></label>
      <button>Set</button><//>`}<//></section>`;
}

function Snapshots() {
  const loaded = useDocuments([own("snapshots")]);
  const actions = ({ name }) => html`
    <${Button} label="Restore" of=${name} onClick=${() => loaded.act("POST", own("snapshots", name, "restore"))} />
    <${Button} label="Delete" of=${name} kind="danger" onClick=${() => loaded.act("DELETE", own("snapshots", name))} />`;
  return html`<section class="card"><h2>Snapshots</h2><p class="quiet">All records of the sandbox under a name, to return to.</p>
    <${Loadable} of=${loaded}>${([{ snapshots }]) => snapshots.length > 0 && html`
      <${Table} kind="" heads=${["Snapshot", "> Bytes", "(Actions)"]} of=${snapshots} id="name"
        cells=${(one) => [one.name, counted(one.bytes), actions(one)]} />`}<//>
    <${Form} class="bar" onSend=${(snapshot) => loaded.act("POST", own("snapshots"), snapshot)}>
      <label>Save as <input name="name" required placeholder="before" /></label><button>Save</button><//></section>`;
}

function Switches() {
  const loaded = useDocuments([own("switches"), "assumptions"]);
  const choice = ({ switch: name, choices, default: usual }, value) => html`<${Choice} aria-label=${name} value=${String(value)}
    class=${value === usual ? "" : "changed"} options=${choices.map((one) => [String(one), `${one}${one === usual ? " (default)" : ""}`])}
    onChoose=${(text) => loaded.act("PATCH", own("switches"), { [name]: choices.find((one) => String(one) === text) })} />`;
  const evidence = ({ level, source, note }) => html`<${Evidence} level=${level} />${" "}
    <small class="quiet">${[source, note].filter(Boolean).join(". ")}</small>`;
  return html`<h2>Switches</h2><p class="quiet">What nobody knows of a vendor: try your client with each value.</p>
    <${Loadable} of=${loaded}>${([values, { switches }]) => html`
      <${Table} kind="card stack switches" heads=${["Switch", "What it decides", "Evidence", "Value"]} of=${switches} id="switch"
        cells=${(one) => [html`<code>${one.switch}</code>`, one.decides, evidence(one.evidence), choice(one, values[one.switch])]} />`}<//>`;
}
