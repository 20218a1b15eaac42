/** Asks for the control token. */

import { Form, html, keepToken } from "./parts.js";

/** @param {{title: string}} props */
export function TokenForm({ title }) {
  const enter = ({ token }) => {
    keepToken(token);
    location.reload();
  };
  return html`<main class="token"><h1>${title}</h1><${Form} onSend=${enter}>
    <label>Control token <input name="token" type="password" autocomplete="off" required autofocus /></label>
    <p class="quiet">The emulator's setting <code>control_token</code>. This tab keeps it until it is closed.</p>
    <button class="main">Open</button><//></main>`;
}
