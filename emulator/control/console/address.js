/** The page's address: what follows "#" names the page and its filters, as in #/calls?vendor=secoda. */

import { FIRST_SANDBOX, pathOf } from "./api.js";
import { useEffect, useState } from "./vendored/htm-preact.js";

/** @typedef {{path: string[], params: Record<string, string>, sandbox: string}} Address */

/** @returns {Address} */
export function readAddress() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const params = Object.fromEntries(new URLSearchParams(query));
  return { path: path.split("/").map(decode), params, sandbox: params.sandbox ?? FIRST_SANDBOX };
}

/** Return a path of the sandbox that the page shows. @param {string[]} below */
export function own(...below) {
  return pathOf(readAddress().sandbox, ...below);
}

/** Return a link to a page in the same sandbox, with those of the parameters that have a value.
 * @param {string[]} path @param {Record<string, string | undefined>} [params] */
export function link(path, params = {}) {
  const { sandbox } = readAddress().params;
  const kept = Object.entries({ sandbox, ...params }).filter(([, value]) => value);
  const query = new URLSearchParams(/** @type {[string, string][]} */ (kept)).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${query && `?${query}`}`;
}

/** Change parameters of the address; an empty value removes one. The back button does not stop at each.
 * @param {Record<string, string | undefined>} changes */
export function setParams(changes) {
  const { path, params } = readAddress();
  location.replace(link(path, { ...params, ...changes }));
}

/** @returns {Address} the current address, also after it has changed */
export function useAddress() {
  const [address, setAddress] = useState(readAddress);
  useEffect(() => addEventListener("hashchange", () => setAddress(readAddress())), []);
  return address;
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
