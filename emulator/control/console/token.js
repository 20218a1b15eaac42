/** Asks for a token: the control token, or that of a sandbox. */

import { Failure, Form, get, html, keepToken, useAction, valuesOf } from "./parts.js";

/** @param {{title: string, onEnter: (names: string[]) => void}} props `onEnter` gets the names of the sandboxes that the token opens */
export function TokenForm({ title, onEnter }) {
  const [run, error] = useAction();
  const enter = ({ token }) => run(() => {
    keepToken(token);
    return get("sandboxes").then(({ sandboxes }) => onEnter(valuesOf(sandboxes, "name")));
  });
  return html`<main class="token"><h1>${title}</h1><${Form} onSend=${enter}>
    <label>Token <input name="token" type="password" autocomplete="off" required autofocus /></label>
    <p class="quiet">The emulator's setting <code>control_token</code>, or the token of a sandbox. This tab keeps it until it is closed.</p>
    <${Failure} error=${error} />
    <button class="main">Open</button><//></main>`;
}
