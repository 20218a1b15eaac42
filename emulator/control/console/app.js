/** The console: its frame, and which page it shows. */

import { access, get, keepToken } from "./api.js";
import { link, setParams, useAddress } from "./address.js";
import { useLoaded } from "./parts.js";
import { Start } from "./start.js";
import { html, render, useEffect, useState } from "./vendored/htm-preact.js";

/** @type {Record<string, {title: string, page: any}>} */
const PAGES = {
  start: { title: "Start", page: Start },
};

const PREFIX = /^\/~([^/]+)\//;
/** A console that was opened below a sandbox's prefix shows that sandbox. */
const FIRST_SANDBOX = decodeURIComponent(PREFIX.exec(location.pathname)?.[1] ?? "default");

function App() {
  const { path, params } = useAddress();
  const [needsToken, setNeedsToken] = useState(false);
  useEffect(() => {
    access.onRefused = () => setNeedsToken(true);
  }, []);
  const sandbox = params.sandbox ?? FIRST_SANDBOX;
  const name = path[0] in PAGES ? path[0] : "start";
  const { title, page } = PAGES[name];
  useEffect(() => {
    document.title = `${title} · Emulator console`;
  }, [title]);
  if (needsToken) return html`<${TokenForm} />`;
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the page</a>
    <header>
      <strong>Emulator</strong>
      <nav aria-label="Pages">
        ${Object.entries(PAGES).map(
          ([key, { title }]) => html`<a key=${key} href=${link([key], { sandbox: params.sandbox })}
            aria-current=${key === name ? "page" : null}>${title}</a>`,
        )}
      </nav>
      <${SandboxChoice} sandbox=${sandbox} />
    </header>
    <main id="main" tabindex="-1"><${page} key=${`${name} ${sandbox}`} sandbox=${sandbox} path=${path} params=${params} /></main>
  `;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** @param {{sandbox: string}} props */
function SandboxChoice({ sandbox }) {
  const { value } = useLoaded(() => get("sandboxes"), [sandbox], 5000);
  const names = (value?.sandboxes ?? []).map((/** @type {any} */ one) => one.name);
  const listed = names.includes(sandbox) ? names : [sandbox, ...names];
  const choose = (/** @type {any} */ event) => setParams({ sandbox: event.target.value });
  return html`<label class="sandbox">Sandbox
    <select value=${sandbox} onChange=${choose}>
      ${listed.map((/** @type {string} */ one) => html`<option key=${one} value=${one}>${one}</option>`)}
    </select>
  </label>`;
}

function TokenForm() {
  const enter = (/** @type {any} */ event) => {
    event.preventDefault();
    keepToken(event.target.elements.token.value);
    location.reload();
  };
  return html`<main class="token"><h1>Emulator console</h1><form onSubmit=${enter}>
    <label>Control token <input name="token" type="password" autocomplete="off" required autofocus /></label>
    <p class="quiet">The emulator was started with <code>control_token</code>, or refused the one you gave. This tab keeps it until
      it is closed.</p>
    <button>Open</button>
  </form></main>`;
}

render(html`<${App} />`, document.body);
