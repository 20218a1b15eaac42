/** Failures: scenarios to switch, faults to arm, and what each does. */

import { link, own } from "./address.js";
import { call, urlOf } from "./api.js";
import { quoted } from "./copying.js";
import { counted, Failure, Form, Loadable, shown, Snippet, Table, useAction, useDocuments, useLoaded, valuesOf } from "./parts.js";
import { Fields } from "./schema_form.js";
import { html, useEffect, useState } from "./vendored/htm-preact.js";

const HITS_MILLISECONDS = 1000;
const TYPING_MILLISECONDS = 200;

/** @param {{path: string[], params: Record<string, string>}} props */
export function Failures({ path, params }) {
  return path[1] === "new" ? html`<${NewFault} params=${params} />` : html`<${Overview} />`;
}

function Overview() {
  const faults = useDocuments([own("faults")], HITS_MILLISECONDS);
  return html`
    <div class="bar"><h1>Failures</h1><span class="right"><a class="button main" href=${link(["failures", "new"])}>New fault</a></span></div>
    <h2>Faults</h2>
    <${Loadable} of=${faults}>${([{ faults: armed }]) => armed.length ? html`
      <${Table} heads=${["Fault", "What it does", "> Hits", "Next calls", "(Disarm)"]}>
        ${armed.map((one) => html`<${Fault} key=${one.id} of=${one} disarm=${() => faults.act("DELETE", own("faults", one.id))} />`)}<//>`
      : html`<p class="empty quiet">No faults are armed: calls get what the vendor would reply.</p>`}<//>
    <h2>Scenarios</h2>
    <${Scenarios} />
  `;
}

/** @param {{of: any, disarm: () => void}} props */
function Fault({ of: { id, sentence, scenario, hits }, disarm }) {
  return html`<tr><td class="mono name">${id}</td><td class="says">${shown(sentence)}</td><td class="right">${counted(hits)}</td>
    <td><${Preview} key=${hits} id=${id} /></td>
    <td>${scenario ? html`<span class="quiet">by its scenario</span>`
      : html`<button class="small danger" aria-label=${`Disarm ${id}`} onClick=${disarm}>Disarm</button>`}</td></tr>`;
}

/** The outcomes of the next ten calls. @param {{id: string}} props */
function Preview({ id }) {
  const { value, error } = useDocuments([own("faults", id, "preview")]);
  if (!value) return html`<span class="quiet">${error ? "not known" : "…"}</span>`;
  const [{ operation, outcomes }] = value;
  const text = outcomes.map(({ affected }) => (affected ? "affected" : "passes")).join(", ");
  return html`<span class="outcomes" role="img" aria-label=${`${operation}: ${text}`} title=${`The next calls of ${operation}`}>
    ${outcomes.map(({ affected }, number) => html`<i key=${number} class=${affected ? "hit" : ""} />`)}</span>`;
}

function Scenarios() {
  const loaded = useDocuments([own("scenarios")]);
  const flip = ({ vendor, name, active }) => loaded.act(active ? "DELETE" : "PUT", own("scenarios", vendor, name));
  return html`<${Loadable} of=${loaded}>${([{ scenarios }]) => {
    const vendors = valuesOf(scenarios, "vendor");
    return html`<${Table} kind="card matrix" heads=${["Scenario", "What it does", ...vendors]}>
      ${valuesOf(scenarios, "name").sort().map((name) => {
        const named = scenarios.filter((one) => one.name === name);
        return html`<tr key=${name}><th scope="row" class="mono">${name}</th><td class="says">${named[0].description}</td>
          ${vendors.map((vendor) => html`<${Switch} key=${vendor} of=${named.find((one) => one.vendor === vendor)} flip=${flip} />`)}</tr>`;
      })}<//>`;
  }}<//>`;
}

/** @param {{of?: any, flip: (scenario: any) => void}} props */
function Switch({ of, flip }) {
  return of ? html`<td data-vendor=${of.vendor}><input type="checkbox" role="switch" class="switch" aria-label=${`${of.vendor}/${of.name}`}
    title=${of.description} checked=${of.active} onChange=${() => flip(of)} /></td>` : html`<td />`;
}

/** @param {{params: Record<string, string>}} props */
function NewFault({ params }) {
  return html`<h1>New fault</h1><${Loadable} of=${useDocuments(["schemas/fault.schema.json", "operations"])}>${([schema, { operations }]) => html`
    <${FaultForm} schema=${schema} operations=${operations} params=${params} />`}<//>`;
}

/** @param {{schema: any, operations: any[], params: Record<string, string>}} props */
function FaultForm({ schema, operations, params: { vendor, operation, status } }) {
  const [fault, setFault] = useState({ vendor: vendor ?? operations[0].vendor, ...(operation && { operation }),
    reply: { status: Number(status) || firstFailure(operations, vendor, operation) } });
  const [run, error] = useAction();
  const listed = operations.filter((one) => one.vendor === fault.vendor);
  const choices = { vendor: valuesOf(operations, "vendor"), operation: valuesOf(listed, "operation") };
  const arm = () => run(async () => {
    await call("POST", own("faults"), fault);
    location.hash = link(["failures"]);
  });
  const text = JSON.stringify(fault);
  return html`<${Form} class="split" onSend=${arm}>
    <div class="card"><${Fields} schema=${schema} root=${schema} value=${fault} onChange=${(to) => setFault(to ?? {})} choices=${choices} /></div>
    <div class="card aside"><${Checked} text=${text} /><${Failure} error=${error} />
      <p><button class="main">Arm</button> <a class="button" href=${link(["failures"])}>Cancel</a></p>
      <h3>The same from a script</h3>
      <${Snippet} of="the command" text=${`curl -X POST -H 'Content-Type: application/json' -d ${quoted(text)} ${urlOf(own("faults"))}`} />
      <p class="quiet">${counted(listed.length, "operation")} of ${fault.vendor}. A status has to be in the operation's contract, unless force is true.</p></div>
  <//>`;
}

/** Says what a fault will do, or what is wrong with it. @param {{text: string}} props */
function Checked({ text }) {
  const [last, setLast] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setLast(text), TYPING_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [text]);
  const { value, error } = useLoaded(() => call("POST", own("faults", "check"), last), [last]);
  return html`<p role="status" class=${`sentence ${error ? "wrong" : ""}`}>${shown(error?.message ?? value?.sentence ?? "…")}</p>`;
}

/** Return a documented status of an operation that is a failure. @param {any[]} operations @param {string} [vendor] @param {string} [operation] */
function firstFailure(operations, vendor, operation) {
  const found = operations.find((one) => one.vendor === vendor && one.operation === operation);
  const statuses = Object.keys(found?.statuses ?? {}).map(Number).filter((status) => status >= 400);
  return statuses.includes(503) ? 503 : statuses[statuses.length - 1] ?? 500;
}
