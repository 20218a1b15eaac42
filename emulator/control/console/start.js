/** Start: how to call each vendor, and how to point programs here. */

import { get, pathOf, referenceOf, urlOf } from "./api.js";
import { link } from "./address.js";
import { Copy, counted, Loadable, Snippet, Table, useLoaded } from "./parts.js";
import { html } from "./vendored/htm-preact.js";

/** @param {{sandbox: string}} props */
export function Start({ sandbox }) {
  const loaded = useLoaded(() => Promise.all([get(pathOf(sandbox)), get("operations")]), [sandbox]);
  return html`
    <h1>Start</h1>
    <p class="quiet">Call a vendor as below: the first call shows up in <a href=${link(["calls"])}>Calls</a>.</p>
    <${Loadable} of=${loaded}>
      ${([one, { operations }]) => html`
        <div class="cards">
          ${Object.entries(one.vendors).map(
            ([name, vendor]) => html`<${Vendor} key=${name} name=${name} vendor=${vendor} sandbox=${sandbox}
              operations=${operations.filter((operation) => operation.vendor === name)} />`,
          )}
        </div>
        <h2>Point a program here</h2>
        <div class="cards">${ways(one).map((way) => html`<${Way} key=${way.title} ...${way} />`)}</div>
      `}
    <//>
  `;
}

/** @param {{name: string, vendor: any, sandbox: string, operations: any[]}} props */
function Vendor({ name, vendor, sandbox, operations }) {
  const headers = Object.entries(vendor.headers);
  return html`<section class="card" aria-labelledby=${`vendor-${name}`}>
    <h2 id=${`vendor-${name}`}>${vendor.title}</h2>
    <dl>
      <dt>Base URL</dt>
      <dd><code>${vendor.base_url}</code> <${Copy} text=${vendor.base_url} of=${`the base URL of ${vendor.title}`} /></dd>
      <dt>Headers</dt>
      ${headers.length ? headers.map(([key, value]) => html`<${Header} key=${key} name=${key} value=${value} />`)
        : html`<dd class="quiet">none</dd>`}
    </dl>
    <${Snippet} text=${curl(vendor, operations)} of=${`a command that calls ${vendor.title}`} />
    <details>
      <summary>${counted(vendor.credentials.length, "credential")}</summary>
      <${Table} kind="" heads=${["Credential", "Rights", "(Copy)"]}>
        ${vendor.credentials.map((one) => html`<tr key=${one.id}>
          <td><code>${one.id}</code></td><td>${one.expired ? "expired" : one.rights}</td>
          <td><${Copy} text=${headerLines(one.headers)} label="Copy headers" of=${`of ${one.id}`} /></td></tr>`)}<//>
    </details>
    <p class="links">
      <a href=${referenceOf(sandbox, name)}>API reference</a>
      <a href=${link(["calls"], { vendor: name })}>Calls</a>
      <a href=${link(["coverage"], { vendor: name })}>${counted(operations.length, "operation")}</a>
    </p>
  </section>`;
}

/** @param {{name: string, value: any}} props */
function Header({ name, value }) {
  const line = `${name}: ${value}`;
  return html`<dd><code>${line}</code> <${Copy} text=${line} of=${`the header ${name}`} /></dd>`;
}

/** @param {{title: string, sentence: string, text: string}} props */
function Way({ title, sentence, text }) {
  return html`<section class="card"><h3>${title}</h3><p>${sentence}</p><${Snippet} text=${text} of=${title} /></section>`;
}

/** Return a command that calls a vendor and succeeds. @param {any} vendor @param {any[]} operations */
function curl(vendor, operations) {
  const options = Object.entries(vendor.headers).map(([name, value]) => `-H '${name}: ${value}' `).join("");
  const read = operations.find((one) => one.method === "GET" && !one.path.includes("{"));
  if (read) return `curl ${options}'${vendor.base_url}${read.path}'`;
  if (!operations.some((one) => one.method === "query")) return `curl -i ${options}'${vendor.base_url}'`;
  return `curl ${options}-H 'Content-Type: application/json' -d '{"query": "{ __typename }"}' '${vendor.base_url}'`;
}

/** @param {Record<string, string>} headers */
function headerLines(headers) {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join("\n");
}

/** @param {any} sandbox */
function ways(sandbox) {
  const [name, vendor] = Object.entries(sandbox.vendors)[0];
  const { origin, port } = location;
  return [
    {
      title: "pytest",
      sentence: "The plugin gives each test a sandbox of its own in this emulator.",
      text: `EMULATOR_URL=${origin} pytest\n\ndef test_it(emulator):\n    client = Client(emulator.vendors["${name}"].base_url)`,
    },
    {
      title: "Docker",
      sentence: "A container reaches an emulator on this machine by a name of Docker.",
      text: `docker run --add-host host.docker.internal:host-gateway \\\n  -e BASE_URL=${vendor.base_url.replace(/\/\/[^/:]+/, "//host.docker.internal")} …`,
    },
    {
      title: "A program that knows only the vendor's address",
      sentence: `Start the emulator with --tls auto, and make it the program's proxy.`,
      text: `curl -s ${urlOf("ca.crt")} > ca.crt\nHTTPS_PROXY=http://${location.hostname}:${port} SSL_CERT_FILE=ca.crt program`,
    },
    {
      title: "A script",
      sentence: "All that this console does, the control API does.",
      text: `curl -s ${urlOf(`${pathOf(sandbox.name)}/journal?limit=1`)}`,
    },
  ];
}
