/** Start: how to call each vendor, and how to point programs here. */

import { Copy, counted, html, link, Loadable, own, referenceOf, Snippet, Table, urlOf, useDocuments } from "./parts.js";

/** @param {{sandbox: string}} props */
export function Start({ sandbox }) {
  return html`
    <h1>Start</h1>
    <p class="quiet">Call a vendor as below: the first call shows up in <a href=${link(["calls"])}>Calls</a>.</p>
    <${Loadable} of=${useDocuments([own()])}>${([{ vendors }]) => html`
      <div class="cards">${Object.entries(vendors).map(([name, vendor]) => html`
        <${Vendor} key=${name} name=${name} vendor=${vendor} sandbox=${sandbox} />`)}</div>
      <h2>Point a program here</h2>
      <div class="cards">${ways(vendors).map(([title, sentence, text]) => html`<section key=${title} class="card">
        <h3>${title}</h3><p>${sentence}</p><${Snippet} text=${text} of=${title} /></section>`)}</div>`}<//>
  `;
}

/** @param {{name: string, vendor: any, sandbox: string}} props */
function Vendor({ name, vendor: { title, base_url: url, headers, command, credentials }, sandbox }) {
  return html`<section class="card">
    <h2>${title}</h2>
    <dl>
      <dt>Base URL</dt><dd><code>${url}</code> <${Copy} text=${url} of=${`the base URL of ${title}`} /></dd>
      <dt>Headers</dt>
      ${linesOf(headers).map((line) => html`<dd key=${line}><code>${line}</code> <${Copy} text=${line} of=${`the header ${line}`} /></dd>`)}
      ${!linesOf(headers).length && html`<dd class="quiet">none</dd>`}
    </dl>
    <${Snippet} text=${command} of=${`a command that calls ${title}`} />
    <details>
      <summary>${counted(credentials.length, "credential")}</summary>
      <${Table} kind="" heads=${["Credential", "Rights", "(Copy)"]} of=${credentials} id="id" cells=${(one) => [html`<code>${one.id}</code>`,
        one.expired ? "expired" : one.rights, html`<${Copy} text=${linesOf(one.headers).join("\n")} label="Copy headers" of=${`of ${one.id}`} />`]} />
    </details>
    <p class="links"><a href=${referenceOf(sandbox, name)}>API reference</a> <a href=${link(["calls"], { vendor: name })}>Calls</a></p>
  </section>`;
}

/** @param {Record<string, string>} headers */
function linesOf(headers) {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
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
  ];
}
