/** Which calls a list shows: the filters as the address has them. */

/** @typedef {(exchange: any) => boolean} Test */

/** @type {Record<string, (wanted: string) => Test>} */
const TESTS = {
  vendor: (wanted) => (exchange) => exchange.vendor === wanted,
  operation: (wanted) => globbed(wanted, (exchange) => exchange.operations),
  status: (wanted) => globbed(wanted.toLowerCase().replace(/x/g, "?"), ({ reply }) => [String(reply?.status ?? 0)]),
  fault: (wanted) => globbed(wanted, (exchange) => exchange.faults),
  violations: () => (exchange) => exchange.violations.length > 0,
  unmatched: () => (exchange) => !exchange.operations.length && !exchange.stub,
  text: (wanted) => (exchange) => textsOf(exchange).some((one) => one.toLowerCase().includes(wanted.toLowerCase())),
};

/** Return a test of exchanges. @param {Record<string, string>} params @returns {Test} */
export function testOf(params) {
  const tests = Object.keys(TESTS).filter((name) => params[name]).map((name) => TESTS[name](params[name]));
  return (exchange) => tests.every((test) => test(exchange));
}

/** @param {any} exchange @returns {string[]} */
function textsOf({ call, reply }) {
  const pairs = [...call.headers, ...(reply?.headers ?? [])].map((pair) => pair.join(": "));
  return [call.method, call.url, call.body ?? "", reply?.body ?? "", ...pairs];
}

/** Return a test of the texts of an exchange by a pattern with * and ?.
 * @param {string} pattern @param {(exchange: any) => string[]} textsOf @returns {Test} */
function globbed(pattern, textsOf) {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".");
  const expression = new RegExp(`^${escaped}$`, "s");
  return (exchange) => textsOf(exchange).some((text) => expression.test(text));
}
