/** The reference of one API, with try-it: /_emulator/docs/<vendor>/. Swagger UI shows it. */

import { pathOf, send, token, urlOf } from "../api.js";
import { begin, credentialsOf, OWN, showBar } from "./frame.js";
import { evidence } from "./evidence.js";
import { nameControls } from "./names.js";
import { html } from "../vendored/htm-preact.js";

/** @typedef {import("./frame.js").Credential} Credential */

const API = decodeURIComponent(/** @type {string} */ (location.pathname.split("/").at(-2)));

begin("div", async (sandbox, names, main) => {
  const path = API === OWN ? "openapi.json" : `${pathOf(sandbox.name)}/vendors/${encodeURIComponent(API)}/openapi.json`;
  const text = await (await send("GET", path)).text();
  // A browser that follows a link sends no token.
  const source = token() ? URL.createObjectURL(new Blob([text], { type: "application/json" })) : urlOf(path);
  const described = usable(JSON.parse(text));
  findOperation(described);
  document.title = `${described.info.title} · Emulator`;
  const vendor = sandbox.vendors[API];
  const credentials = credentialsOf(vendor);
  const ui = window.SwaggerUIBundle({
    spec: described,
    domNode: main,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    syntaxHighlight: { theme: "tomorrow-night" },
    tryItOutEnabled: true,
    validatorUrl: null,
    plugins: [evidence],
    onComplete: () => present(ui, described, API === OWN ? ownCredential() : credentials[0]),
  });
  nameControls(main, nameOf);
  const onCredential = (/** @type {Credential | undefined} */ one) => present(ui, described, one);
  const isGraphQL = Object.values(described.paths).some((item) => item.post?.["x-graphql"]);
  const { origin, host } = new URL(described.servers[0].url);
  showBar({ api: API, sandbox, names, credentials, onCredential, children: html`
    ${origin !== location.origin && html`<a href=${origin + location.pathname}>Send calls at ${host}</a>`}
    ${isGraphQL && html`<a href=${vendor.base_url}>GraphiQL</a>`}
    <a href=${source}>OpenAPI</a>` });
});

/** Complete an address that names an operation only: Swagger UI knows it by its tag, too. @param {any} described */
function findOperation({ paths }) {
  const name = decodeURIComponent(location.hash.slice(1));
  const found = Object.values(paths).flatMap((item) => Object.values(item)).find((one) => name && one?.operationId === name);
  if (found) history.replaceState(null, "", `#/${found.tags?.[0] ?? "default"}/${name}`);
}

/** Say what a control of Swagger UI is for: its row's parameter, or the words above it. @param {Element} control */
function nameOf(control) {
  if (control.id === "servers") return "Server";
  const parameter = control.closest("tr[data-param-name]")?.getAttribute("data-param-name");
  if (control.tagName === "TEXTAREA") return parameter ?? "Body";
  return parameter ?? (control.closest(".examples-select") ? "Example" : "Media type");
}

/** Return a document that a page can call: a browser may have come by another scheme than the emulator knows of.
 * @param {any} described */
function usable(described) {
  for (const server of described.servers) {
    const url = new URL(server.url, location.href);
    if (url.host === location.host) server.url = `${location.origin}${url.pathname.replace(/\/$/, "")}`;
  }
  for (const scheme of Object.values(described.components?.securitySchemes ?? {})) {
    if (scheme.type === "oauth2" || scheme.type === "openIdConnect") Object.assign(scheme, { type: "http", scheme: "bearer" });
  }
  emptyOptional(Object.values(described.components?.parameters ?? {}));
  for (const item of Object.values(described.paths)) {
    emptyOptional(item.parameters);
    Object.values(item).forEach((operation) => emptyOptional(operation.parameters));
  }
  return described;
}

/** Empty what may be left out: what is filled in would be sent. @param {any[]} parameters */
function emptyOptional(parameters = []) {
  for (const one of parameters.filter((one) => !one.required && one.example !== undefined)) {
    one.description = `${one.description ?? ""}\n\nFor example: \`${one.example}\`.`;
    delete one.example;
  }
}

/** The control token as a credential. @returns {Credential} */
function ownCredential() {
  const given = token();
  return { id: "token", rights: "full", expired: false, headers: given ? { Authorization: `Bearer ${given}` } : {} };
}

/** Fill in a credential for all security schemes that present it so. @param {any} ui @param {any} described
 * @param {Credential | undefined} credential */
function present(ui, described, credential) {
  const schemes = Object.entries(described.components?.securitySchemes ?? {});
  if (ui.authSelectors.authorized()?.size) ui.authActions.logout(schemes.map(([name]) => name));
  if (!credential) return;
  const sent = new Map(Object.entries(credential.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const [kind, given] = (sent.get("authorization") ?? "").split(/ (.*)/s);
  for (const [name, scheme] of schemes) {
    const value = scheme.type === "apiKey" ? key(scheme, sent, credential) : given;
    if (!value) continue;
    if (scheme.type === "apiKey" || (isScheme(scheme, "bearer") && kind === "Bearer")) ui.preauthorizeApiKey(name, value);
    if (isScheme(scheme, "basic") && kind === "Basic") ui.preauthorizeBasic(name, ...atob(value).split(/:(.*)/s));
  }
}

/** @param {any} scheme @param {Map<string, string>} sent @param {Credential} credential */
function key(scheme, sent, credential) {
  if (scheme.in === "query") return credential.id;
  if (scheme.in === "header") return sent.get(scheme.name.toLowerCase());
  // A script may not send the header Cookie; the browser sends what it stored.
  if (sent.has("cookie")) document.cookie = `${sent.get("cookie")}; path=/; samesite=strict`;
  return undefined;
}

/** @param {any} scheme @param {string} name */
function isScheme(scheme, name) {
  return scheme.type === "http" && scheme.scheme?.toLowerCase() === name;
}
