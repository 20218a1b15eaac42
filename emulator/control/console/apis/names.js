/** Gives the controls of a library a name for screen readers, and the keyboard a way into what scrolls. */

/** @param {Element} main @param {(control: Element) => string} nameOf what a control without a label is for */
export function nameControls(main, nameOf) {
  const name = () => {
    for (const control of main.querySelectorAll("select:not([aria-label]), textarea:not([aria-label])")) {
      control.setAttribute("aria-label", nameOf(control));
    }
    for (const text of main.querySelectorAll("pre:not([tabindex])")) text.setAttribute("tabindex", "0");
  };
  new MutationObserver(name).observe(main, { childList: true, subtree: true });
  name();
}
