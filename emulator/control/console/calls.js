/** Calls: the journal, live. */

import { Call, Marks, Status } from "./call.js";
import { Selection } from "./feed.js";
import { testOf } from "./filters.js";
import {
  call, counted, duration, Failure, html, link, own, setParams, shown, TextFilter, useAction, useDocuments, useEffect, useLayoutEffect,
  useMemo, useRef, useState, valuesOf, VendorFilter,
} from "./parts.js";

const ROW_PIXELS = 28;
const SPARE_ROWS = 10;
/** What a filter by text may be. */
const TEXTS = { operation: "list*", status: "404, 4xx", fault: "*", text: "in URL, headers, bodies" };

/** @typedef {Record<string, string>} Params */
/** @typedef {import("./feed.js").Feed} Feed */
/** @typedef {import("./feed.js").Row} Row */

/** @param {{path: string[], params: Params, feed: Feed}} props */
export function Calls({ path: [, selected], params, feed }) {
  const [, redraw] = useState(0);
  useEffect(() => feed.subscribe(() => redraw((number) => number + 1)), [feed]);
  const test = useMemo(() => testOf(params), [JSON.stringify(params)]);
  const selection = useMemo(() => new Selection(feed, test), [feed, test]);
  const [paused, setPaused] = useState(/** @type {Row[] | null} */ (null));
  useEffect(() => setPaused((rows) => rows && selection.rows()), [selection]);
  const current = selection.rows();
  const rows = paused ?? current;
  const open = paused ? [] : feed.open.filter((row) => test(row.exchange));
  const last = paused?.at(-1)?.place ?? -1;
  const fresh = current.filter((row) => row.place > last).length;
  const [run, error] = useAction();
  const clear = () => run(async () => {
    await call("DELETE", own("journal"));
    feed.clear();
    setPaused(null);
  });
  return html`
    <div class="bar"><h1>Calls</h1>
      <span class="quiet" role="status">${said(feed, rows, open)}</span>
      <span class="right">
        <button onClick=${() => setPaused(paused ? null : current)}>
          ${paused ? `Go on (${counted(fresh, "new call")})` : "Pause"}</button>
        <button onClick=${clear} disabled=${!feed.rows.length}>Clear</button>
      </span>
    </div>
    <${Failure} error=${error} />
    <${Filters} params=${params} />
    <div class=${selected ? "split" : ""}>
      <${List} feed=${feed} rows=${rows} open=${open} selected=${selected} params=${params} />
      ${selected && html`<${Call} key=${selected} id=${selected} params=${params} feed=${feed} />`}
    </div>
  `;
}

/** @param {Feed} feed @param {Row[]} rows @param {Row[]} open */
function said(feed, rows, open) {
  const some = rows.length === feed.rows.length ? "" : `${counted(rows.length)} of `;
  return `${some}${counted(feed.rows.length, "call")}${open.length ? `, ${open.length} in progress` : ""}`;
}

/** @param {{params: Params}} props */
function Filters({ params }) {
  const { value } = useDocuments(["operations"]);
  const box = (/** @type {string} */ name) => html`<label class="box"><input type="checkbox" checked=${Boolean(params[name])}
    onChange=${(event) => setParams({ [name]: event.target.checked ? "1" : "" })} /> ${name}</label>`;
  return html`<div class="filters" role="search">
    <${VendorFilter} value=${params.vendor} vendors=${valuesOf(value?.[0].operations ?? [], "vendor")} />
    ${Object.entries(TEXTS).map(([name, hint]) => html`<${TextFilter} key=${name} name=${name} value=${params[name]} hint=${hint} />`)}
    ${["violations", "unmatched"].map(box)}
    <a class="button" href=${link(["calls"])}>All calls</a>
  </div>`;
}

/** The calls, newest first; only those in sight are elements.
 * @param {{feed: Feed, rows: Row[], open: Row[], selected?: string, params: Params}} props */
function List({ feed, rows, open, selected, params }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [view, setView] = useState({ top: 0, height: 600 });
  const look = () => {
    if (box.current) setView({ top: box.current.scrollTop, height: box.current.clientHeight });
  };
  useLayoutEffect(() => {
    look();
    addEventListener("resize", look);
    return () => removeEventListener("resize", look);
  }, [selected]);
  const all = open.length + rows.length;
  if (!all) return html`<${Empty} feed=${feed} />`;
  const at = (/** @type {number} */ place) => {
    const row = open[place] ?? rows[all - 1 - place];
    // A call that has just ended may be in both lists.
    return { exchange: row.exchange, name: feed.nameOf(row), key: row.key + row.exchange.state, place };
  };
  // From one call to the next, the way back stays that to the list.
  const go = (/** @type {number} */ place) => location[selected ? "replace" : "assign"](link(["calls", at(place).name], params));
  const move = (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const now = between(0, all).find((place) => at(place).name === selected) ?? -1;
    const next = Math.min(all - 1, Math.max(0, step(now, all)));
    go(next);
    scrollTo(box.current, next);
  };
  const first = Math.max(0, Math.floor(view.top / ROW_PIXELS) - SPARE_ROWS);
  const visible = between(first, Math.min(all, first + Math.ceil(view.height / ROW_PIXELS) + 2 * SPARE_ROWS)).map(at);
  return html`<div class="list" role="listbox" aria-label="Calls, newest first" tabindex="0" ref=${box} onScroll=${look}
      onKeyDown=${move} aria-activedescendant=${visible.some((one) => one.name === selected) ? `call-${selected}` : null}>
    <div class="rows" role="presentation" style=${{ height: all * ROW_PIXELS }}>
      ${visible.map((one) => html`<${Line} ...${one} all=${all} isSelected=${one.name === selected} open=${() => go(one.place)} />`)}
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

/** Return the whole numbers from `first` up to, not including, `end`. @param {number} first @param {number} end */
function between(first, end) {
  return Array.from({ length: Math.max(0, end - first) }, (_, offset) => first + offset);
}

/** @param {HTMLElement | null} box @param {number} place */
function scrollTo(box, place) {
  if (!box) return;
  const top = place * ROW_PIXELS;
  box.scrollTop = Math.min(top, Math.max(box.scrollTop, top + ROW_PIXELS - box.clientHeight));
}

/** @param {{exchange: any, name: string, place: number, all: number, isSelected: boolean, open: () => void}} props */
function Line({ exchange, name, place, all, isSelected, open }) {
  const { call, operations, stub, state } = exchange;
  return html`<div id=${`call-${name}`} role="option" aria-selected=${isSelected} aria-setsize=${all} aria-posinset=${place + 1}
      class=${`line ${operations.length ? "" : "unmatched"}`} style=${{ top: place * ROW_PIXELS }} onClick=${open}>
    <span class="quiet number">${name}</span>
    <span class="quiet time">${exchange.time.slice(11, 23)}</span>
    <${Status} exchange=${exchange} />
    <span class="mono method">${shown(call.method, 12)}</span>
    <span class="vendor quiet">${exchange.vendor}</span>
    <span class="mono path">${shown(call.url.replace(/^[a-z]+:\/\/[^/]*(\/~[^/]+)?/i, ""), 300)}</span>
    <span class="operation quiet">${operations.join(", ") || (stub && "stub")}</span>
    <span class="marks"><${Marks} exchange=${exchange} /></span>
    <span class="quiet seconds">${state === "done" ? duration(exchange.seconds) : "…"}</span>
  </div>`;
}

/** @param {{feed: Feed}} props */
function Empty({ feed }) {
  if (feed.state === "connecting") return html`<p class="empty quiet">Loading …</p>`;
  if (feed.rows.length) return html`<p class="empty quiet">None of ${counted(feed.rows.length, "call")} matches the filters.</p>`;
  return html`<p class="empty quiet">No calls to the sandbox ${feed.sandbox} yet. They appear here as they come:${" "}
    <a href=${link(["start"])}>Start</a> has a command for each vendor.</p>`;
}
