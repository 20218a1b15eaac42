/** Failures: scenarios to switch, faults to arm, and what each does. */

import { call, get, pathOf, urlOf } from "./api.js";
import { link } from "./address.js";
import { quoted } from "./copying.js";
import { faultSentence } from "./fault_words.js";
import { counted, Failure, Loadable, Snippet, Table, useAction, useLoaded } from "./parts.js";
import { Fields } from "./schema_form.js";
import { html, useState } from "./vendored/htm-preact.js";

const HITS_MILLISECONDS = 1000;

/** @param {{sandbox: string, path: string[], params: Record<string, string>}} props */
export function Failures({ sandbox, path, params }) {
  const faults = useLoaded(() => get(pathOf(sandbox, "faults")), [sandbox], HITS_MILLISECONDS);
  if (path[1] === "new") return html`<${NewFault} sandbox=${sandbox} params=${params} />`;
  return html`
    <div class="bar"><h1>Failures</h1>
      <span class="right"><a class="button main" href=${link(["failures", "new"])}>New fault</a></span></div>
    <h2>Faults</h2>
    <${Loadable} of=${faults}>${({ faults: armed }) => html`<${Armed} armed=${armed} sandbox=${sandbox} reload=${faults.reload} />`}<//>
    <h2>Scenarios</h2>
    <${Scenarios} sandbox=${sandbox} onSwitch=${faults.reload} />
  `;
}

/** @param {{armed: any[], sandbox: string, reload: () => void}} props */
function Armed({ armed, sandbox, reload }) {
  const [run, error] = useAction();
  const disarm = (id) => run(() => call("DELETE", pathOf(sandbox, "faults", id)).then(reload));
  if (!armed.length) return html`<p class="empty quiet">No faults are armed: calls get what the vendor would reply.</p>`;
  return html`<${Failure} error=${error} /><${Table} heads=${["Fault", "What it does", "Hits", "Next calls", "(Disarm)"]}>
    ${armed.map(({ id, scenario, hits, fault }) => html`<tr key=${id}>
      <td class="mono name">${id}</td><td class="says">${faultSentence(fault)}</td><td>${hits}</td>
      <td><${Preview} key=${hits} id=${id} sandbox=${sandbox} /></td>
      <td>${scenario ? html`<span class="quiet">by its scenario</span>`
        : html`<button type="button" class="small danger" aria-label=${`Disarm ${id}`} onClick=${() => disarm(id)}>Disarm</button>`}</td></tr>`)}<//>`;
}

/** The outcomes of the next ten calls. @param {{id: string, sandbox: string}} props */
function Preview({ id, sandbox }) {
  const { value, error } = useLoaded(() => get(pathOf(sandbox, "faults", id, "preview")), [id]);
  if (!value) return html`<span class="quiet">${error ? "not known" : "…"}</span>`;
  const text = value.outcomes.map(({ affected }) => (affected ? "affected" : "passes")).join(", ");
  return html`<span class="outcomes" role="img" aria-label=${`${value.operation}: ${text}`} title=${`The next calls of ${value.operation}`}>
    ${value.outcomes.map(({ affected }, number) => html`<i key=${number} class=${affected ? "hit" : ""} />`)}</span>`;
}

/** @param {{sandbox: string, onSwitch: () => void}} props */
function Scenarios({ sandbox, onSwitch }) {
  const loaded = useLoaded(() => get(pathOf(sandbox, "scenarios")), [sandbox]);
  const [run, error] = useAction();
  const flip = (vendor, name, isOn) => run(async () => {
    await call(isOn ? "DELETE" : "PUT", pathOf(sandbox, "scenarios", vendor, name));
    loaded.reload();
    onSwitch();
  });
  return html`<${Failure} error=${error} /><${Loadable} of=${loaded}>${({ scenarios }) => {
    const vendors = [...new Set(scenarios.map((one) => one.vendor))];
    const names = [...new Set(scenarios.map((one) => one.name))].sort();
    return html`<${Table} kind="card matrix" heads=${["Scenario", "What it does", ...vendors]}>
      ${names.map((name) => {
        const of = (vendor) => scenarios.find((one) => one.name === name && one.vendor === vendor);
        return html`<tr key=${name}><th scope="row" class="mono">${name}</th><td class="says">${vendors.map(of).find(Boolean).description}</td>
          ${vendors.map((vendor) => html`<td key=${vendor} data-vendor=${of(vendor) && vendor}>${of(vendor) && html`<input type="checkbox" role="switch" class="switch"
            aria-label=${`${vendor}/${name}`} title=${of(vendor).description} checked=${of(vendor).active}
            onChange=${() => flip(vendor, name, of(vendor).active)} />`}</td>`)}</tr>`;
      })}<//>`;
  }}<//>`;
}

/** @param {{sandbox: string, params: Record<string, string>}} props */
function NewFault({ sandbox, params }) {
  const loaded = useLoaded(() => Promise.all([get("schemas/fault.schema.json"), get("operations")]), []);
  return html`<h1>New fault</h1><${Loadable} of=${loaded}>${([schema, { operations }]) => html`
    <${FaultForm} schema=${schema} operations=${operations} sandbox=${sandbox} params=${params} />`}<//>`;
}

/** @param {{schema: any, operations: any[], sandbox: string, params: Record<string, string>}} props */
function FaultForm({ schema, operations, sandbox, params }) {
  const { vendor, operation, status } = params;
  const [fault, setFault] = useState({ vendor: vendor ?? operations[0].vendor, ...(operation && { operation }),
    reply: { status: Number(status) || firstFailure(operations, vendor, operation) } });
  const [run, error] = useAction();
  const own = operations.filter((one) => one.vendor === fault.vendor);
  const choices = { vendor: [...new Set(operations.map((one) => one.vendor))], operation: own.map((one) => one.operation) };
  const arm = (event) => {
    event.preventDefault();
    run(async () => {
      await call("POST", pathOf(sandbox, "faults"), fault);
      location.hash = link(["failures"]);
    });
  };
  const text = JSON.stringify(fault);
  return html`<form class="split" onSubmit=${arm}>
    <div class="card"><${Fields} schema=${schema} root=${schema} value=${fault} onChange=${(to) => setFault(to ?? {})} choices=${choices} /></div>
    <div class="card aside"><p role="status" class="sentence">${faultSentence(fault)}</p>
      <${Failure} error=${error} />
      <p><button class="main">Arm</button> <a class="button" href=${link(["failures"])}>Cancel</a></p>
      <h3>The same from a script</h3>
      <${Snippet} of="the command" text=${`curl -X POST -H 'Content-Type: application/json' -d ${quoted(text)} ${urlOf(pathOf(sandbox, "faults"))}`} />
      <p class="quiet">${counted(own.length, "operation")} of ${fault.vendor}. A status has to be in the operation's contract, unless force is true.</p></div>
  </form>`;
}

/** Return a documented status of an operation that is a failure. @param {any[]} operations @param {string} [vendor] @param {string} [operation] */
function firstFailure(operations, vendor, operation) {
  const found = operations.find((one) => one.vendor === vendor && one.operation === operation);
  const statuses = Object.keys(found?.statuses ?? {}).map(Number).filter((status) => status >= 400);
  return statuses.includes(503) ? 503 : statuses[statuses.length - 1] ?? 500;
}
