/** A form for a document, made from its JSON Schema. A value that is not plain is written as JSON. */

import { Choice, html } from "./parts.js";

/** @typedef {Record<string, string[]>} Choices what to offer for a field, by name */
/** @typedef {{schema: any, value: any, onChange: (value: any) => void, choices?: Choices, name?: string}} Part */

/** The fields of an object. @param {Part & {root: any}} props */
export function Fields({ schema, root, value, onChange, choices = {}, name = "" }) {
  const { properties = {}, required = [] } = resolved(schema, root);
  return html`<div class="fields">${Object.entries(properties).map(([key, part]) => {
    const inner = resolved(part, root);
    const set = (/** @type {any} */ to) => onChange(without({ ...value, [key]: to }));
    const common = { schema: inner, value: value?.[key], onChange: set, choices, name: key };
    if (inner.properties && !inner.oneOf) return html`<details key=${key} class="wide" open=${value?.[key] !== undefined}>
      <summary>${key} <span class="quiet">${inner.description}</span></summary><${Fields} root=${root} ...${common} name=${`${name}.${key}`} /></details>`;
    return html`<${Leaf} key=${key} id=${`${name}.${key}`} isRequired=${required.includes(key)} ...${common} />`;
  })}</div>`;
}

/** @param {Part & {id: string, isRequired: boolean}} props */
function Leaf({ schema, value, onChange, choices = {}, name = "", id, isRequired }) {
  const isText = [].concat(schema.type).every((type) => type === "string");
  const text = textOf(value, isText);
  const offered = choices[name] ?? plainChoices(schema);
  const set = (/** @type {string} */ typed) => onChange(valueOf(typed, isText));
  const example = schema.examples?.[0] ?? schema.default;
  const common = { id, "aria-describedby": `${id}-about` };
  return html`<div class="field"><label for=${id}>${name}${isRequired ? " *" : ""}</label>
    ${schema.enum ? html`<${Choice} ...${common} value=${text} options=${["", ...offered]} onChoose=${set} />`
      : html`<input ...${common} defaultValue=${text} onInput=${(event) => set(event.target.value)} list=${offered.length ? `${id}-offered` : null} spellcheck="false"
          placeholder=${textOf(example, isText)} />
        <datalist id=${`${id}-offered`}>${offered.map((one) => html`<option key=${one} value=${one} />`)}</datalist>`}
    <small id=${`${id}-about`} class="quiet">${schema.description?.replace(/`/g, "")}</small></div>`;
}

/** @param {any} schema @returns {string[]} */
function plainChoices(schema) {
  const values = schema.enum ?? (schema.type === "boolean" ? [true, false] : []);
  return values.concat((schema.oneOf ?? []).flatMap((one) => one.enum ?? [])).map(String);
}

/** Follow a reference to a schema. @param {any} schema @param {any} root @returns {any} */
export function resolved(schema, root) {
  if (!schema?.$ref) return schema ?? {};
  const found = schema.$ref.split("/").slice(1).reduce((part, step) => part[step.replace(/~1/g, "/").replace(/~0/g, "~")], root);
  return { ...resolved(found, root), ...(schema.description && { description: schema.description }) };
}

/** @param {any} value @param {boolean} isText @returns {string} */
function textOf(value, isText) {
  const isPlain = typeof value === "string" && (isText || valueOf(value, false) === value);
  return isPlain ? value : JSON.stringify(value) ?? "";
}

/** Return what a text means: JSON if it parses, else the text; nothing if there is none. @param {string} text @param {boolean} isText */
function valueOf(text, isText) {
  if (text === "" || isText) return text || undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Return an object without the fields that have no value; nothing, if none has. @param {Record<string, any>} object */
function without(object) {
  const kept = Object.entries(object).filter(([, value]) => value !== undefined);
  return kept.length ? Object.fromEntries(kept) : undefined;
}
