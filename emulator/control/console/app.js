/** The console: its frame, and which page it shows. */

import { access, FIRST_SANDBOX, get } from "./api.js";
import { link, setParams, useAddress } from "./address.js";
import { Calls } from "./calls.js";
import { ClockAndSwitches } from "./clock.js";
import { Coverage } from "./coverage.js";
import { Failures } from "./failures.js";
import { Feed } from "./feed.js";
import { Failure, useLoaded } from "./parts.js";
import { Records } from "./records.js";
import { Sandboxes } from "./sandboxes.js";
import { Start } from "./start.js";
import { TokenForm } from "./token.js";
import { html, render, useEffect, useErrorBoundary, useMemo, useState } from "./vendored/htm-preact.js";

/** @type {Record<string, {title: string, page: any}>} */
const PAGES = {
  start: { title: "Start", page: Start },
  calls: { title: "Calls", page: Calls },
  sandboxes: { title: "Sandboxes", page: Sandboxes },
  records: { title: "Records", page: Records },
  failures: { title: "Failures", page: Failures },
  clock: { title: "Clock and switches", page: ClockAndSwitches },
  coverage: { title: "Coverage", page: Coverage },
};

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
  const feed = useFeed(sandbox, needsToken);
  if (needsToken) return html`<${TokenForm} title="Emulator console" />`;
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the page</a>
    <header>
      <strong>Emulator</strong>
      <nav aria-label="Pages">
        ${Object.entries(PAGES).map(
          ([key, { title }]) => html`<a key=${key} href=${link([key])}
            aria-current=${key === name ? "page" : null}>${title}</a>`,
        )}
      </nav>
      <${SandboxChoice} sandbox=${sandbox} restarts=${feed.restarts} />
    </header>
    <${Connection} feed=${feed} />
    <main id="main" tabindex="-1">
      <${Guard} key=${`${name} ${sandbox} ${feed.restarts}`}>
        <${page} sandbox=${sandbox} path=${path} params=${params} feed=${feed} /><//>
    </main>
  `;
}

/** Says what is wrong in the console itself, and leaves the other pages usable. @param {{children?: any}} props */
function Guard({ children }) {
  const [error, tryAgain] = useErrorBoundary();
  return error ? html`<${Failure} error=${error} /><button type="button" onClick=${tryAgain}>Try again</button>` : children;
}

/** Follow the journal of a sandbox. @param {string} sandbox @param {boolean} isLocked */
function useFeed(sandbox, isLocked) {
  const feed = useMemo(() => new Feed(sandbox), [sandbox]);
  const [, redraw] = useState("");
  useEffect(() => {
    if (isLocked) return;
    const follow = () => redraw(`${feed.state} ${feed.restarts} ${feed.problem}`);
    const end = feed.subscribe(follow);
    feed.start();
    return () => {
      end();
      feed.stop();
    };
  }, [feed, isLocked]);
  return feed;
}

/** Says if the emulator is gone, or was. @param {{feed: Feed}} props */
function Connection({ feed }) {
  const { state, restarts, sandbox } = feed;
  const [seen, setSeen] = useState(0);
  if (state === "gone") return html`<p class="banner" role="alert">There is no sandbox ${sandbox} (any more).${" "}
    <a href=${link(["calls"], { sandbox: "default" })}>Show default</a></p>`;
  if (state === "lost") return html`<p class="banner" role="alert">The emulator does not answer: trying again each second. What is
    shown stays.</p>`;
  if (restarts === seen) return null;
  return html`<p class="banner good" role="status">Connected again: the emulator has restarted. Its sandboxes began anew; the calls
    from before stay in the list. <button type="button" class="small" onClick=${() => setSeen(restarts)}>Fine</button></p>`;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** @param {{sandbox: string, restarts: number}} props */
function SandboxChoice({ sandbox, restarts }) {
  const { value } = useLoaded(() => get("sandboxes"), [sandbox, restarts], 5000);
  const names = (value?.sandboxes ?? []).map((one) => one.name);
  const listed = names.includes(sandbox) ? names : [sandbox, ...names];
  const choose = (event) => setParams({ sandbox: event.target.value });
  return html`<label class="sandbox">Sandbox
    <select value=${sandbox} onChange=${choose}>
      ${listed.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}
    </select>
  </label>`;
}

render(html`<${App} />`, document.body);
