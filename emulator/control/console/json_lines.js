/** Lays JSON out in lines, token by token: numbers and doubled keys stay as they were sent, and cut JSON works too. */

/** @typedef {{indent: number, text: string, pointer: string}} TextLine `pointer` is the JSON pointer of the line's value */
/** @typedef {{pointer: string, isList: boolean, index: number, key?: string}} Container `index` is that of the value that comes */

const TOKEN = /\s*("(?:[^"\\]|\\.)*"?|[-+.\w]+|[[\]{},:]|\S)/gsy;

/** @param {string} text @returns {TextLine[]} */
export function jsonLines(text) {
  /** @type {TextLine[]} */
  const lines = [];
  /** @type {Container[]} */
  const stack = [];
  let line = "";
  let pointer = "";
  const end = (indent = stack.length) => {
    if (line) lines.push({ indent, text: line, pointer });
    line = "";
  };
  for (const [, token] of text.matchAll(TOKEN)) {
    const top = stack.at(-1);
    if (top && "]}".includes(token)) {
      stack.pop();
      // "[]" stays on one line.
      if (top.index || top.key !== undefined || !line.endsWith(top.isList ? "[" : "{")) {
        end(stack.length + 1);
        pointer = top.pointer;
      }
    } else if (top && top.key === undefined && token !== ",") {
      if (!top.index) end(stack.length - 1);
      top.key = top.isList ? String(top.index) : keyOf(token);
      pointer = `${top.pointer}/${top.key.replace(/~/g, "~0").replace(/\//g, "~1")}`;
    }
    line += token === ":" && top ? ": " : token;
    if ("[{".includes(token)) stack.push({ pointer, isList: token === "[", index: 0 });
    if (top && token === ",") {
      end();
      top.index += 1;
      top.key = undefined;
    }
  }
  end();
  return lines;
}

/** @param {string} token */
function keyOf(token) {
  try {
    return String(JSON.parse(token));
  } catch {
    return token;
  }
}
