/** Failures: scenarios to switch, faults to arm, and what each does. */

import {
  Button, call, counted, Failure, Form, html, link, Loadable, own, shown, Snippet, Table, urlOf, useAction, useDocuments,
  useLoaded, useState, valuesOf,
} from "./parts.js";
import { Fields } from "./schema_form.js";

const HITS_MILLISECONDS = 1000;

/** @param {{path: string[], params: Record<string, string>}} props */
export function Failures({ path, params }) {
  return path[1] === "new" ? html`<${NewFault} params=${params} />` : html`<${Overview} />`;
}

function Overview() {
  const loaded = useDocuments([own("faults"), own("scenarios")], HITS_MILLISECONDS);
  const disarm = ({ id, scenario }) => scenario ? html`<span class="quiet">by its scenario</span>`
    : html`<${Button} label="Disarm" of=${id} kind="danger" onClick=${() => loaded.act("DELETE", own("faults", id))} />`;
  return html`
    <div class="bar"><h1>Failures</h1><span class="right"><a class="button main" href=${link(["failures", "new"])}>New fault</a></span></div>
    <${Loadable} of=${loaded}>${([{ faults }, { scenarios }]) => html`
      <h2>Faults</h2>
      ${faults.length ? html`
      <${Table} kind="card stack" heads=${["Fault", "What it does", "> Hits", "Next calls", "(Disarm)"]} of=${faults} id="id" cells=${(one) => [
        html`<code>${one.id}</code>`, shown(one.sentence), counted(one.hits), html`<${Preview} key=${one.hits} id=${one.id} />`, disarm(one)]} />`
      : html`<p class="empty quiet">No faults are armed: calls get what the vendor would reply.</p>`}
      <h2>Scenarios</h2>
      <${Scenarios} scenarios=${scenarios} act=${loaded.act} />`}<//>
  `;
}

/** The outcomes of the next ten calls. @param {{id: string}} props */
function Preview({ id }) {
  const { value: [{ operation, outcomes }] = [{ outcomes: [] }] } = useDocuments([own("faults", id, "preview")]);
  const text = outcomes.map(({ affected }) => (affected ? "affected" : "passes")).join(", ");
  return html`<span class="outcomes" role="img" aria-label=${`${operation}: ${text}`} title=${operation}>
    ${outcomes.map(({ affected }, number) => html`<i key=${number} class=${affected ? "hit" : ""} />`)}</span>`;
}

/** @param {{scenarios: any[], act: import("./parts.js").Act}} props */
function Scenarios({ scenarios, act }) {
  const toggle = ({ vendor, name, active, description }) => html`<input type="checkbox" role="switch" class="switch"
    aria-label=${`${vendor}/${name}`} title=${description} checked=${active}
    onChange=${() => act(active ? "DELETE" : "PUT", own("scenarios", vendor, name))} />`;
  const vendors = valuesOf(scenarios, "vendor");
  const rows = valuesOf(scenarios, "name").sort().map((name) => ({ name, same: scenarios.filter((one) => one.name === name) }));
  return html`<${Table} kind="card stack" heads=${["Scenario", "What it does", ...vendors]} of=${rows} id="name"
    cells=${({ name, same }) => [html`<code>${name}</code>`, same[0].description,
      ...vendors.map((vendor) => same.filter((one) => one.vendor === vendor).map(toggle)[0])]} />`;
}

/** @param {{params: Record<string, string>}} props */
function NewFault({ params }) {
  return html`<h1>New fault</h1><${Loadable} of=${useDocuments(["schemas/fault.schema.json", "operations"])}>${([schema, { operations }]) => html`
    <${FaultForm} schema=${schema} operations=${operations} params=${params} />`}<//>`;
}

/** @param {{schema: any, operations: any[], params: Record<string, string>}} props */
function FaultForm({ schema, operations, params: { vendor = operations[0].vendor, operation } }) {
  // The highest status of the contract is a failure, if there are any.
  const { statuses } = operations.find((one) => one.vendor === vendor && one.operation === operation) ?? { statuses: { 500: "" } };
  const [fault, setFault] = useState({ vendor, ...(operation && { operation }), reply: { status: Number(Object.keys(statuses).pop()) } });
  const [run, error] = useAction();
  const choices = {
    vendor: valuesOf(operations, "vendor"),
    operation: valuesOf(operations.filter((one) => one.vendor === fault.vendor), "operation"),
  };
  const arm = () => run(async () => {
    await call("POST", own("faults"), fault);
    location.hash = link(["failures"]);
  });
  const text = JSON.stringify(fault);
  return html`<${Form} class="split" onSend=${arm}>
    <div class="card"><${Fields} schema=${schema} root=${schema} value=${fault} onChange=${(to) => setFault(to ?? {})} choices=${choices} /></div>
    <div class="card aside"><${Checked} text=${text} /><${Failure} error=${error} />
      <p><button class="main">Arm</button></p>
      <h3>The same from a script</h3>
      <${Snippet} of="the command" text=${`curl -X POST -H 'Content-Type: application/json' -d '${text.replace(/'/g, "'\\''")}' ${urlOf(own("faults"))}`} />
    </div>
  <//>`;
}

/** Says what a fault will do, or what is wrong with it. @param {{text: string}} props */
function Checked({ text }) {
  const { value, error } = useLoaded(() => call("POST", own("faults", "check"), text), [text]);
  return html`<p role="status" class=${`sentence ${error ? "wrong" : ""}`}>${shown(error?.message ?? value?.sentence ?? "…")}</p>`;
}
