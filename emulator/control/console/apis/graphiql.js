/** GraphiQL at a GraphQL endpoint, with a credential of the sandbox as headers. */

import { begin, credentialsOf, showBar } from "./frame.js";
import { nameControls } from "./names.js";
import { html } from "../vendored/htm-preact.js";
import { urlOf } from "../api.js";

const VENDOR = /** @type {string} */ (document.documentElement.dataset.vendor);

begin("main", async (sandbox, names, main) => {
  const { React, ReactDOM, GraphiQL } = window;
  const credentials = credentialsOf(sandbox.vendors[VENDOR]);
  const send = GraphiQL.createFetcher({ url: location.pathname });
  const storage = GraphiQL.createLocalStorage({ namespace: `emulator-${VENDOR}` });
  const root = ReactDOM.createRoot(main);
  const show = (/** @type {import("./frame.js").Credential | undefined} */ credential) => {
    const headers = credential?.headers ?? {};
    // It asks for the schema before its editor has the headers.
    const fetcher = (query, options) =>
      send(query, query.operationName === "IntrospectionQuery" ? { ...options, headers: options?.headers ?? headers } : options);
    // Another key makes it forget the headers of the former credential.
    root.render(React.createElement(GraphiQL, { key: credential?.id ?? "", fetcher, storage, defaultQuery: QUERY,
      defaultHeaders: JSON.stringify(headers, null, 2), defaultEditorToolsVisibility: "headers" }));
  };
  showBar({ api: VENDOR, sandbox, names, credentials, onCredential: show, children: html`<a href=${urlOf(`docs/${VENDOR}/`)}>Reference</a>` });
  show(credentials[0]);
  nameControls(main, nameOf);
});

/** @param {Element} control */
function nameOf(control) {
  const tools = control.closest(".graphiql-editor-tool");
  return control.closest(".result-window") ? "Result" : control.closest(".graphiql-query-editor") ? "Query" : tools ? "Variables or headers" : "Text";
}

const QUERY = `# Write a query and run it with Ctrl-Enter.
# The headers below have a credential of this sandbox.
# The journal shows each call.

`;
