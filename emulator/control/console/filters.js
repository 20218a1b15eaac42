/** Which calls a list shows: the filters as the address has them. */

/** @typedef {Record<string, string>} Params */

export const FILTERS = ["vendor", "operation", "status", "fault", "violations", "unmatched", "text"];

/** Return a test of exchanges. @param {Params} params @returns {(exchange: any) => boolean} */
export function testOf(params) {
  const tests = FILTERS.filter((name) => params[name]).map((name) => TESTS[name](params[name]));
  return (exchange) => tests.every((test) => test(exchange));
}

/** @type {Record<string, (wanted: string) => (exchange: any) => boolean>} */
const TESTS = {
  vendor: (wanted) => (exchange) => exchange.vendor === wanted,
  operation: (wanted) => {
    const matches = glob(wanted);
    return (exchange) => exchange.operations.some(matches);
  },
  status: (wanted) => {
    const matches = glob(wanted.toLowerCase().replace(/x/g, "?"));
    return (exchange) => matches(String(exchange.reply?.status ?? 0));
  },
  fault: (wanted) => {
    const matches = glob(wanted);
    return (exchange) => exchange.faults.some(matches);
  },
  violations: () => (exchange) => exchange.violations.length > 0,
  unmatched: () => (exchange) => !exchange.operations.length && !exchange.stub,
  text: (wanted) => {
    const text = wanted.toLowerCase();
    return (exchange) => textsOf(exchange).some((one) => one.toLowerCase().includes(text));
  },
};

/** @param {any} exchange @returns {string[]} */
function textsOf(exchange) {
  const { call, reply } = exchange;
  const pairs = [...call.headers, ...(reply?.headers ?? [])].map((pair) => pair.join(": "));
  return [call.method, call.url, call.body ?? "", reply?.body ?? "", ...pairs];
}

/** Return a test by a pattern with * and ?. @param {string} pattern */
function glob(pattern) {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".");
  const expression = new RegExp(`^${escaped}$`, "s");
  return (text) => expression.test(text);
}
