/** What several pages are made of. */

import { html, useEffect, useRef, useState } from "./vendored/htm-preact.js";

/** @typedef {{value?: any, error?: Error, reload: () => void}} Loaded */

/** Load something now, again whenever `deps` change, and every so many milliseconds while the page is visible.
 * @param {() => Promise<any>} load @param {any[]} deps @param {number} [every] @returns {Loaded} */
export function useLoaded(load, deps, every = 0) {
  const [state, setState] = useState(/** @type {{value?: any, error?: Error}} */ ({}));
  const [round, setRound] = useState(0);
  useEffect(() => {
    let timer = 0;
    let isCurrent = true;
    const run = async () => {
      try {
        const value = document.hidden && every && state.value ? state.value : await load();
        if (isCurrent) setState({ value });
      } catch (error) {
        if (isCurrent) setState((former) => ({ value: former.value, error: /** @type {Error} */ (error) }));
      }
      if (isCurrent && every) timer = setTimeout(run, every);
    };
    run();
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [...deps, round]);
  return { ...state, reload: () => setRound((number) => number + 1) };
}

/** Shows what was loaded by `children`, a function of it; before, that it loads; else, why not.
 * @param {{of: Loaded, children: (value: any) => any}} props */
export function Loadable({ of, children }) {
  return html`
    ${of.error && html`<${Failure} error=${of.error} />`}
    ${of.value === undefined ? !of.error && html`<p class="quiet" role="status">Loading …</p>` : children(of.value)}
  `;
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

/** A table with these heads: "> Calls" is aligned to the right, "(Actions)" only heard.
 * @param {{heads: string[], kind?: string, children?: any}} props */
export function Table({ heads, kind = "card", children }) {
  return html`<div class="wide-scroll"><table class=${kind}><thead><tr>${heads.map((head) => html`
    <th key=${head} class=${head[0] === ">" ? "right" : null}>${head[0] === "(" ? html`<span class="unseen">${head.slice(1, -1)}</span>` : head.replace("> ", "")}</th>`)}
  </tr></thead><tbody>${children}</tbody></table></div>`;
}

/** A button that copies a text. @param {{text: string, label?: string, of?: string}} props `of` says what, to a screen reader */
export function Copy({ text, label = "Copy", of = "" }) {
  const [said, setSaid] = useState("");
  const copy = async () => {
    const isDone = await navigator.clipboard.writeText(text).then(() => true, () => copyOld(text));
    setSaid(isDone ? "Copied" : "Not allowed");
    setTimeout(() => setSaid(""), 1500);
  };
  return html`<button type="button" class="small" onClick=${copy} aria-label=${`${label} ${of}`.trim()}>
    <span aria-live="polite">${said || label}</span>
  </button>`;
}

/** Without https or localhost there is no clipboard but this. @param {string} text */
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

/** Return a text that shows what else would be invisible, or turn the text around it. @param {unknown} text */
export function shown(text) {
  return String(text).replace(UNSEEN, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** @param {number} count @param {string} noun */
export function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
