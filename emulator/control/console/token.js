/** Asks for a token: the control token, or that of a sandbox. */

import { Failure, Form, get, html, keepToken, token, useAction, useEffect, valuesOf } from "./parts.js";

/** @param {{onEnter: (names: string[]) => void}} props `onEnter` gets the names of the sandboxes that the token opens */
export function TokenForm({ onEnter }) {
  const [run, error] = useAction();
  const look = () => run(() => get("sandboxes").then(({ sandboxes }) => onEnter(valuesOf(sandboxes, "name"))));
  useEffect(() => {
    // It may open another sandbox than this page's.
    if (token()) look();
  }, []);
  const enter = (fields) => {
    keepToken(fields.token);
    look();
  };
  return html`<main class="token"><h1>Emulator</h1><${Form} onSend=${enter}>
    <label>Token <input name="token" type="password" autocomplete="off" required autofocus /></label>
    <p class="quiet">The setting <code>control_token</code>, or the token of a sandbox. This tab keeps it until it is closed.</p>
    <${Failure} error=${error} />
    <button class="main">Open</button><//></main>`;
}
