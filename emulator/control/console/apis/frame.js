/** What the pages of APIs have in common: the bar above them, and how they begin. */

import { access, FIRST_SANDBOX, get, pathOf, urlOf } from "../api.js";
import { TokenForm } from "../token.js";
import { html, render } from "../vendored/htm-preact.js";

/** @typedef {{name: string, vendors: Record<string, any>}} Sandbox */
/** @typedef {{id: string, rights: string, expired: boolean, headers: Record<string, string>}} Credential */

/** The name of the control API among the vendors. */
export const OWN = "_emulator";

/** Show a page: `show` gets the sandbox of this address and the names of all, and the element to show it in.
 * @param {string} tag that of the element: "div" for a library that has its own main
 * @param {(sandbox: Sandbox, names: string[], main: HTMLElement) => Promise<void>} show */
export async function begin(tag, show) {
  followScheme();
  access.onRefused = () => render(html`<${TokenForm} onEnter=${enter} />`, document.body);
  const main = document.createElement(tag);
  main.id = "api";
  try {
    const sandbox = await get(pathOf(FIRST_SANDBOX));
    access.onRefused = () => {};
    const { sandboxes } = await get("sandboxes");
    document.body.append(document.createElement("header"), main);
    await show(sandbox, sandboxes.map((/** @type {Sandbox} */ one) => one.name), main);
  } catch (error) {
    if (/** @type {any} */ (error).status === 401) return;
    const said = document.createElement("p");
    said.className = "failure";
    said.setAttribute("role", "alert");
    said.textContent = /** @type {Error} */ (error).message;
    document.body.append(main);
    main.replaceChildren(said);
  }
}

/** The libraries know the dark mode by a class. */
function followScheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", follow);
  follow();
}

/** Show this page, once there is a token: in a sandbox that the token opens. @param {string[]} names those */
function enter(names) {
  if (names.includes(FIRST_SANDBOX)) location.reload();
  else move(names[0]);
}

/** Show the bar: which API, in which sandbox, with which credential.
 * @param {{api: string, sandbox: Sandbox, names: string[], credentials: Credential[],
 *   onCredential: (credential: Credential | undefined) => void, children?: any}} props */
export function showBar({ api, sandbox, names, credentials, onCredential, children }) {
  const titles = { ...Object.fromEntries(Object.entries(sandbox.vendors).map(([name, one]) => [name, one.title])), [OWN]: "Control API" };
  const choose = (event) => onCredential(credentials.find((one) => one.id === event.target.value));
  render(html`
    <a class="home" href=${urlOf("console/")}>Emulator</a>
    <${Choice} label="API" value=${api} of=${titles} onChoose=${open} />
    <${Choice} label="Sandbox" value=${sandbox.name} of=${Object.fromEntries(names.map((name) => [name, name]))} onChoose=${move} />
    ${credentials.length > 0 && html`<label>Credential <select aria-label="Credential" onChange=${choose}>
      ${credentials.map((one) => html`<option value=${one.id}>${one.id} (${one.expired ? "expired" : one.rights})</option>`)}
      <option value="">none</option>
    </select></label>`}
    <nav aria-label="More">
      ${api !== OWN && html`<a href=${urlOf(`console/#/calls?vendor=${api}`)}>Calls</a>`}${children}<a href=${urlOf("docs")}>Guide</a>
    </nav>
  `, /** @type {Element} */ (document.querySelector("header")));
}

/** @param {{label: string, value: string, of: Record<string, string>, onChoose: (key: string) => void}} props */
function Choice({ label, value, of, onChoose }) {
  return html`<label>${label} <select aria-label=${label} value=${value} onChange=${(event) => onChoose(event.target.value)}>
    ${Object.entries(of).map(([key, title]) => html`<option value=${key} selected=${key === value}>${title}</option>`)}
  </select></label>`;
}

/** @param {string} api */
function open(api) {
  location.assign(urlOf(`docs/${api}/`));
}

/** Open this page in another sandbox. @param {string} name */
function move(name) {
  const root = new URL(urlOf("")).pathname.replace(/(\/~[^/]+)?\/_emulator\/$/, "");
  const below = location.pathname.slice(root.length).replace(/^\/~[^/]+/, "");
  location.assign(`${root}${name === "default" ? "" : `/~${name}`}${below}`);
}

/** Return a sandbox's credentials for a vendor, that with full rights first. @param {any} vendor @returns {Credential[]} */
export function credentialsOf(vendor) {
  const order = (/** @type {Credential} */ one) => (one.expired ? 2 : one.rights === "full" ? 0 : 1);
  return [...(vendor?.credentials ?? [])].sort((a, b) => order(a) - order(b));
}
