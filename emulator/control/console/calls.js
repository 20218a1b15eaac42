/** Calls: the journal, live. */

import { call, get, pathOf } from "./api.js";
import { link, setParams } from "./address.js";
import { Call } from "./call.js";
import { Selection } from "./feed.js";
import { FILTERS, testOf } from "./filters.js";
import { Marks, Status } from "./marks.js";
import { counted, duration, Failure, shown, useAction, useLoaded } from "./parts.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./vendored/htm-preact.js";

const ROW_PIXELS = 28;
const SPARE_ROWS = 10;

/** @param {{sandbox: string, path: string[], params: Record<string, string>, feed: import("./feed.js").Feed}} props */
export function Calls({ sandbox, path, params, feed }) {
  const [, redraw] = useState(0);
  useEffect(() => feed.subscribe(() => redraw((number) => number + 1)), [feed]);
  const filters = FILTERS.map((name) => params[name] ?? "").join("\n");
  const selection = useMemo(() => new Selection(feed, testOf(params)), [feed, filters]);
  const [paused, setPaused] = useState(/** @type {import("./feed.js").Row[] | null} */ (null));
  useEffect(() => setPaused((rows) => rows && selection.rows()), [selection]);
  const current = selection.rows();
  const rows = paused ?? current;
  const open = paused ? [] : feed.open.filter(testOf(params));
  const [run, error] = useAction();
  const clear = () => run(async () => {
    await call("DELETE", pathOf(sandbox, "journal"));
    feed.clear();
    setPaused(null);
  });
  const selected = path[1];
  return html`
    <div class="bar"><h1>Calls</h1>
      <span class="quiet" role="status">${said(feed, rows, open)}</span>
      <span class="right">
        <button type="button" aria-pressed=${paused !== null} onClick=${() => setPaused(paused ? null : current)}>
          ${paused ? `Go on (${counted(newerThan(paused, current), "new call")})` : "Pause"}
        </button>
        <button type="button" onClick=${clear} disabled=${!feed.rows.length}>Clear</button>
      </span>
    </div>
    <${Failure} error=${error} />
    <${Filters} params=${params} />
    <div class=${selected ? "split" : ""}>
      <${List} feed=${feed} rows=${rows} open=${open} selected=${selected} params=${params} sandbox=${sandbox} />
      ${selected && html`<${Call} key=${selected} id=${selected} sandbox=${sandbox} params=${params} feed=${feed} />`}
    </div>
  `;
}

/** @param {any} feed @param {any[]} rows @param {any[]} open */
function said(feed, rows, open) {
  const inProgress = open.length ? `, ${open.length} in progress` : "";
  const all = rows.length === feed.rows.length ? "" : ` of ${feed.rows.length.toLocaleString("en")}`;
  return `${rows.length.toLocaleString("en")}${all} call${rows.length === 1 && !all ? "" : "s"}${inProgress}`;
}

/** @param {import("./feed.js").Row[]} paused @param {import("./feed.js").Row[]} current */
function newerThan(paused, current) {
  const last = paused[paused.length - 1]?.place ?? -1;
  return current.reduce((count, row) => count + Number(row.place > last), 0);
}

/** @param {{params: Record<string, string>}} props */
function Filters({ params }) {
  const { value } = useLoaded(() => get("operations"), []);
  const vendors = [...new Set((value?.operations ?? []).map((one) => one.vendor))];
  const set = (event) => {
    const { name, type, checked, value } = event.target;
    setParams({ [name]: type === "checkbox" ? (checked ? "1" : "") : value });
  };
  const text = (/** @type {string} */ name, /** @type {string} */ hint) => html`<label>${name}
    <input name=${name} value=${params[name] ?? ""} placeholder=${hint} onInput=${set} /></label>`;
  const box = (name) => html`<label class="box">
    <input type="checkbox" name=${name} checked=${Boolean(params[name])} onChange=${set} /> ${name}</label>`;
  const isFiltered = FILTERS.some((name) => params[name]);
  return html`<form class="filters" aria-label="Filters" onSubmit=${(event) => event.preventDefault()}>
    <label>vendor <select name="vendor" value=${params.vendor ?? ""} onChange=${set}>
      <option value="">all</option>${vendors.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
    </select></label>
    ${text("operation", "list*")} ${text("status", "404, 4xx")} ${text("fault", "*")} ${text("text", "in URL, headers, bodies")}
    ${box("violations")} ${box("unmatched")}
    <button type="button" disabled=${!isFiltered}
      onClick=${() => setParams(Object.fromEntries(FILTERS.map((name) => [name, ""])))}>All calls</button>
  </form>`;
}

/** The calls, newest first; only those in sight are elements.
 * @param {{feed: any, rows: any[], open: any[], selected?: string, params: Record<string, string>, sandbox: string}} props */
function List({ feed, rows, open, selected, params, sandbox }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [view, setView] = useState({ top: 0, height: 600 });
  const look = () => {
    if (box.current) setView({ top: box.current.scrollTop, height: box.current.clientHeight });
  };
  useLayoutEffect(look, [selected]);
  useEffect(() => {
    addEventListener("resize", look);
    return () => removeEventListener("resize", look);
  }, []);
  const all = open.length + rows.length;
  const at = (place) => place < open.length
    ? { exchange: open[place], name: String(open[place].id), key: `open${open[place].id}` }
    : named(rows[all - 1 - place], feed);
  const first = Math.max(0, Math.floor(view.top / ROW_PIXELS) - SPARE_ROWS);
  const count = Math.min(all - first, Math.ceil(view.height / ROW_PIXELS) + 2 * SPARE_ROWS);
  const go = (place) => location.replace(link(["calls", at(place).name], params));
  const move = (event) => {
    const step = STEPS[event.key];
    if (!step || !all) return;
    event.preventDefault();
    const now = Array.from({ length: all }, (_, place) => place).find((place) => at(place).name === selected) ?? -1;
    const next = Math.min(all - 1, Math.max(0, step(now, all)));
    go(next);
    scrollTo(box.current, next);
  };
  const visible = Array.from({ length: Math.max(0, count) }, (_, offset) => ({ place: first + offset, ...at(first + offset) }));
  const isVisible = visible.some((one) => one.name === selected);
  if (!all) return html`<${Empty} feed=${feed} sandbox=${sandbox} />`;
  return html`<div class="list" role="listbox" aria-label="Calls, newest first" tabindex="0" ref=${box} onScroll=${look}
      onKeyDown=${move} aria-activedescendant=${isVisible ? `call-${selected}` : null}>
    <div class="rows" role="presentation" style=${{ height: `${all * ROW_PIXELS}px` }}>
      ${visible.map(({ exchange, name, key, place }) => html`<${Line} key=${key} exchange=${exchange} name=${name} place=${place} all=${all}
        isSelected=${name === selected} open=${() => go(place)} />`)}
    </div>
  </div>`;
}

/** @type {Record<string, (now: number, all: number) => number>} */
const STEPS = {
  ArrowDown: (now) => now + 1,
  ArrowUp: (now) => now - 1,
  PageDown: (now) => now + 15,
  PageUp: (now) => now - 15,
  Home: () => 0,
  End: (_, all) => all - 1,
};

/** @param {any} row @param {any} feed */
function named(row, feed) {
  return { exchange: row.exchange, name: feed.nameOf(row), key: row.key };
}

/** @param {HTMLElement | null} box @param {number} place */
function scrollTo(box, place) {
  if (!box) return;
  const top = place * ROW_PIXELS;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW_PIXELS > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW_PIXELS - box.clientHeight;
}

/** @param {{exchange: any, name: string, place: number, all: number, isSelected: boolean, open: () => void}} props */
function Line({ exchange, name, place, all, isSelected, open }) {
  const { call, reply, operations } = exchange;
  return html`<div id=${`call-${name}`} role="option" aria-selected=${isSelected} aria-setsize=${all} aria-posinset=${place + 1}
      class=${`line ${operations.length ? "" : "unmatched"}`} style=${{ top: `${place * ROW_PIXELS}px` }} onClick=${open}>
    <span class="quiet number">${name}</span>
    <span class="quiet time">${exchange.time.slice(11, 23)}</span>
    <${Status} exchange=${exchange} />
    <span class="mono method">${shown(call.method.slice(0, 12))}</span>
    <span class="vendor quiet">${exchange.vendor}</span>
    <span class="mono path">${shown(pathAndQuery(call))}</span>
    <span class="operation quiet">${operations.length ? operations.join(", ") : exchange.stub ? "stub" : "unmatched"}</span>
    <span class="marks"><${Marks} exchange=${exchange} /></span>
    <span class="quiet seconds">${reply || exchange.state === "done" ? duration(exchange.seconds) : "…"}</span>
  </div>`;
}

/** @param {any} call */
function pathAndQuery(call) {
  return call.url.replace(/^[a-z]+:\/\/[^/]*/i, "").slice(0, 300);
}

/** @param {{feed: any, sandbox: string}} props */
function Empty({ feed, sandbox }) {
  if (feed.state === "connecting") return html`<p class="empty quiet">Loading …</p>`;
  if (feed.rows.length) return html`<p class="empty quiet">None of ${counted(feed.rows.length, "call")} matches the filters.</p>`;
  return html`<p class="empty quiet">No calls to the sandbox ${sandbox} yet. They appear here as they come:
    <a href=${link(["start"])}>Start</a> has a command for each vendor.</p>`;
}
