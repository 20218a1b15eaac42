/** Start: how to call each vendor, and how to point programs here. */

import { link, own } from "./address.js";
import { referenceOf, urlOf } from "./api.js";
import { Copy, counted, Loadable, Snippet, Table, useDocuments } from "./parts.js";
import { html } from "./vendored/htm-preact.js";

/** @param {{sandbox: string}} props */
export function Start({ sandbox }) {
  const loaded = useDocuments([own(), "operations"]);
  return html`
    <h1>Start</h1>
    <p class="quiet">Call a vendor as below: the first call shows up in <a href=${link(["calls"])}>Calls</a>.</p>
    <${Loadable} of=${loaded}>${([{ vendors }, { operations }]) => html`
      <div class="cards">${Object.entries(vendors).map(([name, vendor]) => html`<${Vendor} key=${name} name=${name} vendor=${vendor}
        sandbox=${sandbox} operations=${operations.filter((one) => one.vendor === name)} />`)}</div>
      <h2>Point a program here</h2>
      <div class="cards">${ways(vendors).map(([title, sentence, text]) => html`<section key=${title} class="card">
        <h3>${title}</h3><p>${sentence}</p><${Snippet} text=${text} of=${title} /></section>`)}</div>`}<//>
  `;
}

/** @param {{name: string, vendor: any, sandbox: string, operations: any[]}} props */
function Vendor({ name, vendor, sandbox, operations }) {
  const { title, base_url: url, headers, credentials } = vendor;
  return html`<section class="card" aria-labelledby=${`vendor-${name}`}>
    <h2 id=${`vendor-${name}`}>${title}</h2>
    <dl>
      <dt>Base URL</dt><dd><code>${url}</code> <${Copy} text=${url} of=${`the base URL of ${title}`} /></dd>
      <dt>Headers</dt>
      ${linesOf(headers).map((line) => html`<dd key=${line}><code>${line}</code> <${Copy} text=${line} of=${`the header ${line}`} /></dd>`)}
      ${!linesOf(headers).length && html`<dd class="quiet">none</dd>`}
    </dl>
    <${Snippet} text=${curl(vendor, operations)} of=${`a command that calls ${title}`} />
    <details>
      <summary>${counted(credentials.length, "credential")}</summary>
      <${Table} kind="" heads=${["Credential", "Rights", "(Copy)"]}>
        ${credentials.map((one) => html`<tr key=${one.id}><td><code>${one.id}</code></td><td>${one.expired ? "expired" : one.rights}</td>
          <td><${Copy} text=${linesOf(one.headers).join("\n")} label="Copy headers" of=${`of ${one.id}`} /></td></tr>`)}<//>
    </details>
    <p class="links">
      <a href=${referenceOf(sandbox, name)}>API reference</a>
      <a href=${link(["calls"], { vendor: name })}>Calls</a>
      <a href=${link(["coverage"], { vendor: name })}>${counted(operations.length, "operation")}</a>
    </p>
  </section>`;
}

/** @param {Record<string, string>} headers */
function linesOf(headers) {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}

/** Return a command that calls a vendor and succeeds. @param {any} vendor @param {any[]} operations */
function curl({ base_url: url, headers }, operations) {
  const options = linesOf(headers).map((line) => `-H '${line}' `).join("");
  const read = operations.find((one) => one.method === "GET" && !one.path.includes("{"));
  if (read) return `curl ${options}'${url}${read.path}'`;
  if (!operations.some((one) => one.method === "query")) return `curl -i ${options}'${url}'`;
  return `curl ${options}-H 'Content-Type: application/json' -d '{"query": "{ __typename }"}' '${url}'`;
}

/** Return ways to point a program here: a title, a sentence, what to write. @param {Record<string, any>} vendors */
function ways(vendors) {
  const [[name, vendor]] = Object.entries(vendors);
  const { origin, hostname, port } = location;
  const inDocker = vendor.base_url.replace(/\/\/[^/:]+/, "//host.docker.internal");
  return [
    ["pytest", "The plugin gives each test a sandbox of its own in this emulator.",
      `EMULATOR_URL=${origin} pytest\n\ndef test_it(emulator):\n    client = Client(emulator.vendors["${name}"].base_url)`],
    ["Docker", "A container reaches an emulator on this machine by a name of Docker.",
      `docker run --add-host host.docker.internal:host-gateway \\\n  -e BASE_URL=${inDocker} …`],
    ["A program that knows only the vendor's address", "Start the emulator with --tls auto, and make it the program's proxy.",
      `curl -s ${urlOf("ca.crt")} > ca.crt\nHTTPS_PROXY=http://${hostname}:${port} SSL_CERT_FILE=ca.crt program`],
    ["A script", "All that this console does, the control API does.", `curl -s '${urlOf(own("journal"))}?limit=1'`],
  ];
}
