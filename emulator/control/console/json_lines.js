/** Lays JSON out in lines, token by token: numbers and doubled keys stay as they were sent, and cut JSON works too. */

/** @typedef {{indent: number, text: string, pointer: string}} TextLine `pointer` is the JSON pointer of the line's value */

const TOKEN = /\s*("(?:[^"\\]|\\.)*"?|[-+.\w]+|[[\]{},:]|\S)/gsy;
const OPENING = { "{": "}", "[": "]" };

/** @param {string} text @returns {TextLine[]} */
export function jsonLines(text) {
  const layout = new Layout();
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found; found = TOKEN.exec(text)) layout.take(found[1]);
  return layout.end();
}

class Layout {
  constructor() {
    /** @type {TextLine[]} */
    this.lines = [];
    /** @type {{pointer: string, index: number, isList: boolean, key: string, isEmpty: boolean}[]} */
    this.stack = [];
    this.line = "";
    this.pointer = "";
  }

  /** @param {string} token */
  take(token) {
    const top = this.stack[this.stack.length - 1];
    if (token in OPENING) this._open(token, top);
    else if (top && (token === "}" || token === "]")) this._close(token);
    else if (top && token === ",") this._separate(top);
    else if (top && token === ":") this.line += ": ";
    else this._value(token, top);
  }

  end() {
    this._break(this.stack.length);
    return this.lines;
  }

  /** @param {string} token @param {any} top */
  _open(token, top) {
    this._begin(top);
    const pointer = this.pointer;
    this.line += token;
    this.stack.push({ pointer, index: 0, isList: token === "[", key: "", isEmpty: true });
  }

  /** @param {string} token */
  _close(token) {
    const { isEmpty, pointer } = /** @type {any} */ (this.stack.pop());
    if (!isEmpty) {
      this._break(this.stack.length + 1);
      this.pointer = pointer;
    }
    this.line += token;
  }

  /** @param {any} top */
  _separate(top) {
    this.line += ",";
    this._break(this.stack.length);
    if (top.isList) top.index += 1;
    top.key = "";
  }

  /** @param {string} token @param {any} top */
  _value(token, top) {
    const isKey = top && !top.isList && !top.key;
    if (isKey) top.key = keyOf(token);
    if (isKey || top?.isList || !top) this._begin(top);
    this.line += token;
  }

  /** Begin a value, on a line of its own if it is the first of its container. @param {any} top */
  _begin(top) {
    if (!top) return;
    if (top.isEmpty) {
      this._break(this.stack.length - 1);
      top.isEmpty = false;
    }
    const step = top.isList ? String(top.index) : top.key;
    this.pointer = `${top.pointer}/${step.replace(/~/g, "~0").replace(/\//g, "~1")}`;
  }

  /** @param {number} depth of the line that ends here */
  _break(depth) {
    if (this.line) this.lines.push({ indent: depth, text: this.line, pointer: this.pointer });
    this.line = "";
  }
}

/** @param {string} token */
function keyOf(token) {
  try {
    return String(JSON.parse(token));
  } catch {
    return token;
  }
}
