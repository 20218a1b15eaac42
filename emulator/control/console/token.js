/** Asks for the control token. */

import { keepToken } from "./api.js";
import { Form } from "./parts.js";
import { html } from "./vendored/htm-preact.js";

/** @param {{title: string}} props */
export function TokenForm({ title }) {
  const enter = ({ token }) => {
    keepToken(token);
    location.reload();
  };
  return html`<main class="token"><h1>${title}</h1><${Form} onSend=${enter}>
    <label>Control token <input name="token" type="password" autocomplete="off" required autofocus /></label>
    <p class="quiet">The emulator was started with <code>control_token</code>, or refused the one you gave. This tab keeps it until
      it is closed.</p>
    <button class="main">Open</button><//></main>`;
}
