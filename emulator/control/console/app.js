/** The console: its frame, and which page it shows. */

import { Calls } from "./calls.js";
import { ClockAndSwitches } from "./clock.js";
import { Coverage } from "./coverage.js";
import { Failures } from "./failures.js";
import { Feed } from "./feed.js";
import {
  access, Choice, Failure, html, link, render, setParams, useAddress, useDocuments, useEffect, useErrorBoundary, useMemo, useState,
  valuesOf,
} from "./parts.js";
import { Records } from "./records.js";
import { Sandboxes } from "./sandboxes.js";
import { Start } from "./start.js";
import { TokenForm } from "./token.js";

/** @type {Record<string, [string, any]>} by the name in the address: a title, and what shows the page */
const PAGES = {
  start: ["Start", Start],
  calls: ["Calls", Calls],
  sandboxes: ["Sandboxes", Sandboxes],
  records: ["Records", Records],
  failures: ["Failures", Failures],
  clock: ["Clock and switches", ClockAndSwitches],
  coverage: ["Coverage", Coverage],
};

function App() {
  const { path, params, sandbox } = useAddress();
  const [needsToken, setNeedsToken] = useState(false);
  access.onRefused = () => setNeedsToken(true);
  const name = Object.hasOwn(PAGES, path[0]) ? path[0] : "start";
  const [title, page] = PAGES[name];
  document.title = `${title} · Emulator console`;
  const feed = useFeed(sandbox, needsToken);
  access.restarts = feed.restarts;
  const enter = (/** @type {string[]} */ names) => {
    if (!names.includes(sandbox)) setParams({ sandbox: names[0] });
    location.reload();
  };
  if (needsToken) return html`<${TokenForm} onEnter=${enter} />`;
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the page</a>
    <header>
      <strong>Emulator</strong>
      <nav>${Object.entries(PAGES).map(([key, [title]]) => html`
        <a key=${key} href=${link([key])} aria-current=${key === name ? "page" : null}>${title}</a>`)}</nav>
      <${SandboxChoice} sandbox=${sandbox} />
    </header>
    <${Connection} feed=${feed} />
    <main id="main" tabindex="-1">
      <${Guard} key=${`${name} ${sandbox}`}>
        <${page} sandbox=${sandbox} path=${path} params=${params} feed=${feed} /><//>
    </main>
  `;
}

/** Says what is wrong in the console itself, and leaves the other pages usable. @param {{children?: any}} props */
function Guard({ children }) {
  const [error] = useErrorBoundary();
  return error ? html`<${Failure} error=${error} />` : children;
}

/** Follow the journal of a sandbox. @param {string} sandbox @param {boolean} isLocked */
function useFeed(sandbox, isLocked) {
  const feed = useMemo(() => new Feed(sandbox), [sandbox]);
  const [, redraw] = useState("");
  useEffect(() => {
    if (isLocked) return;
    feed.subscribe(() => redraw(`${feed.state} ${feed.restarts}`));
    feed.start();
    return () => feed.stop();
  }, [feed, isLocked]);
  return feed;
}

/** Says if the emulator is gone, or was. @param {{feed: Feed}} props */
function Connection({ feed: { state, restarts, sandbox } }) {
  const [seen, setSeen] = useState(0);
  if (state === "gone") return html`<p class="banner" role="alert">There is no sandbox ${sandbox}.${" "}
    <a href=${link(["start"], { sandbox: "default" })}>Show default</a></p>`;
  if (state === "lost") return html`<p class="banner" role="alert">The emulator does not answer: trying again each second.</p>`;
  if (restarts === seen) return null;
  return html`<p class="banner good" role="status">The sandbox began anew: the emulator has restarted, or
    somebody made it again. Calls from before stay in the list. <button class="small" onClick=${() => setSeen(restarts)}>Fine</button></p>`;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** @param {{sandbox: string}} props */
function SandboxChoice({ sandbox }) {
  const { value } = useDocuments(["sandboxes"], 5000);
  const options = [...new Set([...valuesOf(value?.[0].sandboxes ?? [], "name"), sandbox])];
  return html`<label class="sandbox">Sandbox <${Choice} value=${sandbox} options=${options} onChoose=${(sandbox) => setParams({ sandbox })} /></label>`;
}

render(html`<${App} />`, document.body);
