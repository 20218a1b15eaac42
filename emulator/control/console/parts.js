/** What several pages are made of. */

import { setParams } from "./address.js";
import { call, get } from "./api.js";
import { html, useEffect, useRef, useState } from "./vendored/htm-preact.js";

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
      try {
        const value = document.hidden && every && state.value ? state.value : await load();
        if (isCurrent) setState({ value });
      } catch (error) {
        if (isCurrent) setState((former) => ({ value: former.value, error: /** @type {Error} */ (error) }));
      }
      if (isCurrent && every) timer = setTimeout(again, every);
    };
    again();
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [...deps, round]);
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
  const isBusy = useRef(false);
  const run = async (act) => {
    if (isBusy.current) return;
    isBusy.current = true;
    try {
      await act();
      setError(undefined);
    } catch (failure) {
      setError(/** @type {Error} */ (failure));
    } finally {
      isBusy.current = false;
    }
  };
  return [run, error];
}

/** A form whose `onSend` gets its fields. @param {any} props others are those of the element */
export function Form({ onSend, children, ...others }) {
  const send = (event) => {
    event.preventDefault();
    onSend(Object.fromEntries(new FormData(event.target)));
  };
  return html`<form ...${others} onSubmit=${send}>${children}</form>`;
}

/** A choice of texts, or pairs of a value and a text. @param {any} props others are those of the element */
export function Choice({ value, options, onChoose, ...others }) {
  return html`<select ...${others} value=${value} onChange=${(event) => onChoose(event.target.value)}>
    ${options.map((one) => [].concat(one)).map(([key, text = key]) => html`<option key=${key} value=${key}>${text}</option>`)}
  </select>`;
}

/** Which vendor a page shows. @param {{value?: string, vendors: string[]}} props */
export function VendorFilter({ value = "", vendors }) {
  const options = [["", "all"], ...vendors];
  return html`<label>vendor <${Choice} value=${value} options=${options} onChoose=${(vendor) => setParams({ vendor })} /></label>`;
}

/** A table with these heads: "> Calls" is aligned to the right, "(Actions)" only heard.
 * @param {{heads: string[], kind?: string, children?: any}} props */
export function Table({ heads, kind = "card", children }) {
  return html`<div class="wide-scroll"><table class=${kind}><thead><tr>${heads.map((head) => html`<th key=${head}
    class=${head[0] === ">" ? "right" : ""}><span class=${head[0] === "(" ? "unseen" : ""}>${head.replace(/^> |[()]/g, "")}</span></th>`)}
  </tr></thead><tbody>${children}</tbody></table></div>`;
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
  return html`<span class=${`tag evidence-${level}`} title="How well this is known">${level}</span>`;
}

const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Return a text that shows what else would be invisible, or turn the text around it; cut after `most` characters.
 * @param {unknown} text @param {number} [most] */
export function shown(text, most) {
  return String(text).slice(0, most).replace(UNSEEN, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** @type {[string, number, string, number][]} the largest first: a unit, its seconds; the unit for what remains, its seconds */
const UNITS = [["d", 86_400, "h", 3600], ["h", 3600, "min", 60], ["min", 60, "s", 1]];

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  const unit = UNITS.find(([, size]) => seconds >= size);
  if (!unit) return `${Number(seconds.toFixed(1))} s`;
  const [name, size, smaller, part] = unit;
  const rest = Math.floor((seconds % size) / part);
  return `${Math.floor(seconds / size)} ${name}${rest ? ` ${rest} ${smaller}` : ""}`;
}

/** @param {number} count @param {string} [noun] */
export function counted(count, noun) {
  return `${count.toLocaleString("en")}${noun ? ` ${noun}${count === 1 ? "" : "s"}` : ""}`;
}

/** Return the values of a field, each once. @param {any[]} list @param {string} field @returns {any[]} */
export function valuesOf(list, field) {
  return [...new Set(list.map((one) => one[field]))];
}
