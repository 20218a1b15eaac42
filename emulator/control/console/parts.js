/** What the pages are made of. */

import { setParams } from "./address.js";
import { access, call, get } from "./api.js";
import { html, useEffect, useRef, useState } from "./vendored/htm-preact.js";

export * from "./address.js";
export * from "./api.js";
export * from "./vendored/htm-preact.js";

/** @typedef {(method: string, path: string, body?: any) => void} Act */
/** @typedef {{value?: any, error?: Error, reload: () => void, act: Act}} Loaded */

/** Load something now, again whenever `deps` change, and every so many milliseconds while the page is visible.
 * `act` calls the control API, and loads again. @param {() => Promise<any>} load @param {any[]} deps @param {number} [every] @returns {Loaded} */
export function useLoaded(load, deps, every = 0) {
  const [state, setState] = useState(/** @type {{value?: any, error?: Error}} */ ({}));
  const [round, setRound] = useState(0);
  const [run, failure] = useAction();
  useEffect(() => {
    let timer = 0;
    let isCurrent = true;
    const again = async () => {
      const isUnseen = document.hidden && timer;
      const found = isUnseen ? {} : await load().then((value) => ({ value, error: undefined }), (error) => ({ error }));
      if (!isCurrent) return;
      setState((former) => ({ ...former, ...found }));
      if (every) timer = setTimeout(again, every);
    };
    again();
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [...deps, round, access.restarts]);
  const reload = () => setRound((number) => number + 1);
  const act = (method, path, body) => run(() => call(method, path, body).then(reload));
  return { value: state.value, error: failure ?? state.error, reload, act };
}

/** Load documents of the control API by their paths. @param {string[]} paths @param {number} [every] */
export function useDocuments(paths, every) {
  return useLoaded(() => Promise.all(paths.map(get)), paths, every);
}

/** Shows what was loaded by `children`, a function of it; before, that it loads; else, why not.
 * @param {{of: Loaded, children: (value: any) => any}} props */
export function Loadable({ of: { value, error }, children }) {
  return html`<${Failure} error=${error} />
    ${value ? children(value) : !error && html`<p class="quiet" role="status">Loading …</p>`}`;
}

/** @param {{error?: Error | null}} props */
export function Failure({ error }) {
  return error ? html`<p class="failure" role="alert">${error.message}</p>` : null;
}

/** Run what a button does, one at a time, and keep why it failed. @returns {[(act: () => Promise<any>) => void, Error?]} */
export function useAction() {
  const [error, setError] = useState(/** @type {Error | undefined} */ (undefined));
  const busy = useRef(/** @type {Promise<void> | null} */ (null));
  const run = (act) => {
    busy.current ??= act().then(() => setError(undefined), setError).finally(() => {
      busy.current = null;
    });
  };
  return [run, error];
}

/** A form whose `onSend` gets its fields. @param {any} props others are those of the element */
export function Form({ onSend, ...others }) {
  const send = (event) => {
    event.preventDefault();
    onSend(Object.fromEntries(new FormData(event.target)));
  };
  return html`<form ...${others} onSubmit=${send} />`;
}

/** A choice of texts, or pairs of a value and a text. @param {any} props others are those of the element */
export function Choice({ value, options, onChoose, ...others }) {
  return html`<select ...${others} value=${value} onChange=${(event) => onChoose(event.target.value)}>
    ${options.map((one) => [].concat(one)).map(([key, text = key]) => html`<option key=${key} value=${key}>${text}</option>`)}
  </select>`;
}

/** A choice of the vendor that a page shows, in its address. @param {{value?: string, vendors: string[]}} props */
export function VendorFilter({ value = "", vendors }) {
  return html`<label>vendor <${Choice} value=${value} options=${[["", "all"], ...vendors]} onChoose=${(vendor) => setParams({ vendor })} /></label>`;
}

/** A text in the address by which a page filters. @param {{name: string, value?: string, hint: string}} props */
export function TextFilter({ name, value = "", hint }) {
  const set = (event) => setParams({ [name]: event.target.value, skip: "" });
  return html`<label>${name} <input name=${name} value=${value} placeholder=${hint} onInput=${set} /></label>`;
}

/** A table of a list, each with a row of cells, of which the first names it. Heads: "> Calls" is aligned to the right, "(Actions)"
 * only heard. @param {{heads: string[], of: any[], id: string, cells: (one: any) => any[], kind?: string, current?: string}} props */
export function Table({ heads, of, id, cells, kind = "card", current }) {
  const align = heads.map((head) => (head[0] === ">" ? "right" : ""));
  const titles = heads.map((head) => head.replace(/^> |[()]/g, ""));
  const row = (/** @type {any[]} */ [first, ...others]) => html`<th scope="row">${first}</th>
    ${others.map((one, number) => (one?.type === "td" ? one : html`<td class=${align[number + 1]} data-head=${titles[number + 1]}>${one}</td>`))}`;
  return html`<div class="wide-scroll"><table class=${kind}><thead><tr>${heads.map((head, number) => html`<th key=${head} class=${align[number]}>
    <span class=${head.endsWith(")") ? "unseen" : ""}>${titles[number]}</span></th>`)}</tr></thead>
    <tbody>${of.map((one) => html`<tr key=${one[id]} aria-current=${one[id] === current ? "true" : null}>${row(cells(one))}</tr>`)}</tbody></table></div>`;
}

/** A small button in a row, which says to a screen reader of which. @param {any} props others are those of the element */
export function Button({ label, of, kind = "", ...others }) {
  return html`<button type="button" class=${`small ${kind}`} aria-label=${`${label} ${of}`} ...${others}>${label}</button>`;
}

/** What there is by name, folded. @param {{title: string, pairs: [string, any][], open?: boolean}} props the values: texts, or elements */
export function Pairs({ title, pairs, open }) {
  return pairs.length > 0 && html`<details open=${open}><summary>${title}</summary><table class="pairs"><tbody>${pairs.map(([name, value], number) => html`
    <tr key=${number}><th scope="row" class="text">${shown(name)}</th>
      <td class="text">${typeof value === "string" ? shown(value) : value}</td></tr>`)}</tbody></table></details>`;
}

/** A button that copies a text. @param {{text: string | (() => Promise<string>), label?: string, of?: string}} props `of` says what,
 * to a screen reader; `text` may be asked for when it is needed */
export function Copy({ text, label = "Copy", of = "" }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    const copied = typeof text === "string" ? text : await text();
    // Without https or localhost there is no navigator.clipboard.
    const isDone = await navigator.clipboard?.writeText(copied).then(() => true, () => false);
    setSaid(isDone || copyOld(copied) ? "Copied" : "Not allowed");
    setTimeout(() => setSaid(""), 1500);
  };
  return html`<button type="button" class="small" onClick=${() => copy().catch((error) => setSaid(error.message))}
    aria-label=${`${label} ${of}`.trim()}><span aria-live="polite">${said || label}</span></button>`;
}

/** Copy by a selection. @param {string} text */
function copyOld(text) {
  const area = document.body.appendChild(document.createElement("textarea"));
  area.value = text;
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  return isDone;
}

/** A text to copy, such as a command. @param {{text: string, of?: string}} props */
export function Snippet({ text, of }) {
  return html`<div class="snippet"><pre tabindex="0">${text}</pre><${Copy} text=${text} of=${of} /></div>`;
}

/** @param {{level: string}} props */
export function Evidence({ level }) {
  return html`<span class=${`tag evidence-${level}`}>${level}</span>`;
}

const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Return a text that shows what else would be invisible, or turn the text around it; cut after `most` characters.
 * @param {unknown} text @param {number} [most] */
export function shown(text, most = 2000) {
  const rest = String(text).length - most;
  const visible = String(text).slice(0, most).replace(UNSEEN, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return rest > 0 ? `${visible} … ${counted(rest, "more character")}` : visible;
}

const UNITS = { d: 86_400, h: 3600, min: 60, s: 1 };

/** @param {number} seconds */
export function duration(seconds) {
  const [name, size] = Object.entries(UNITS).find(([, size]) => seconds >= size) ?? ["ms", 0.001];
  return `${Number((seconds / size).toFixed(1))} ${name}`;
}

/** @param {number} count @param {string} [noun] */
export function counted(count, noun) {
  return `${count.toLocaleString("en")}${noun ? ` ${noun}${count === 1 ? "" : "s"}` : ""}`;
}

/** Return the values of a field, each once. @param {any[]} list @param {string} field @returns {any[]} */
export function valuesOf(list, field) {
  return [...new Set(list.map((one) => one[field]))];
}
