/** Searches the page of the control API: sections without the words are hidden, and their links. */

const search = /** @type {HTMLElement} */ (document.getElementById("search"));
const none = /** @type {HTMLElement} */ (document.getElementById("none"));
const sections = [...document.querySelectorAll("main > section")].map((section) => ({
  section: /** @type {HTMLElement} */ (section),
  link: /** @type {HTMLElement} */ (document.querySelector(`aside a[href="#${CSS.escape(section.id)}"]`)?.parentElement),
  text: (section.textContent ?? "").toLowerCase(),
}));
const headings = [...document.querySelectorAll("main > h2")].map((heading) => /** @type {HTMLElement} */ (heading));

/** @param {string} words */
function show(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { section, link, text } of sections) {
    const isFound = wanted.every((word) => text.includes(word));
    section.hidden = link.hidden = !isFound;
    if (isFound) found += 1;
  }
  for (const heading of headings) {
    const entry = document.querySelector(`aside a[href="#${heading.id}"]`)?.parentElement;
    const isEmpty = !entry?.querySelector("li:not([hidden])");
    heading.hidden = isEmpty;
    if (heading.nextElementSibling?.tagName === "P") /** @type {HTMLElement} */ (heading.nextElementSibling).hidden = isEmpty;
    if (entry) entry.hidden = isEmpty;
  }
  none.hidden = found > 0;
}

search.hidden = false;
const input = /** @type {HTMLInputElement} */ (search.querySelector("input"));
input.addEventListener("input", () => show(input.value));
addEventListener("keydown", (event) => {
  if (event.key !== "/" || document.activeElement === input) return;
  event.preventDefault();
  input.focus();
});
show(input.value);
