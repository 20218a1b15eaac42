/** Says in one sentence what a fault does. */

import { shown } from "./parts.js";

const MOST_LETTERS = 500;

/** @param {any} fault a document as the fault schema describes it */
export function faultSentence(fault) {
  const { when = {} } = fault;
  const parts = [`${which(when)} ${of(fault)}${where(fault)}`, effect(fault), ...rest(when)];
  return shown(`${parts.filter(Boolean).join(" ")}.`.slice(0, MOST_LETTERS));
}

/** @param {any} when */
function which({ nth, every, times, after }) {
  const next = after ? "next" : "first";
  if (nth) return `Call ${[].concat(nth).join(" and ")}`;
  if (every > 1) return `Every ${ordinal(every)} call`;
  if (!times) return "Every call";
  return times === 1 ? `The ${next} call` : `Each of the ${next} ${times} calls`;
}

/** @param {any} fault */
function of(fault) {
  const names = [].concat(fault.operation ?? []).filter((name) => name !== "*");
  const kind = fault.only ? ` that ${fault.only === "reads" ? "reads" : "writes"}` : "";
  return `of ${names.length ? `${names.join(" or ")} of ` : ""}${fault.vendor || "the vendor"}${kind}`;
}

/** @param {any} fault */
function where({ where }) {
  const conditions = Object.entries(where ?? {}).map(([place, value]) => `${place} ${JSON.stringify(value)}`);
  return conditions.length ? ` with ${conditions.join(" and ")}` : "";
}

/** @param {any} fault */
function effect(fault) {
  const { reply, delay, connection, graphql } = fault;
  const parts = [];
  if (delay !== undefined) parts.push(`waits ${waits(delay)}`);
  if (fault.commit === "after" && (reply || connection || graphql)) parts.push("is executed and its write kept");
  if (reply) parts.push(`gets ${reply.status}${reply.body === undefined ? "" : " with a body of its own"}`);
  if (connection) parts.push(breaks(connection));
  if (graphql) parts.push(`gets ${(graphql.errors ?? []).length} GraphQL errors, its data ${graphql.data === "keep" ? "kept" : "null"}`);
  return parts.length ? parts.join(", then ") : "is not changed yet: choose what happens";
}

/** @param {any} delay */
function waits(delay) {
  if (typeof delay === "number") return `${delay} s`;
  if (delay?.uniform) return `${delay.uniform[0]} to ${delay.uniform[1]} s`;
  return delay?.lognormal ? `about ${delay.lognormal.median} s, sometimes much longer` : `${delay?.fixed} s`;
}

/** @param {any} connection */
function breaks(connection) {
  if (connection.truncate) return `gets only ${connection.truncate.after_bytes} bytes of the body`;
  if (connection.drip) return `gets ${connection.drip.bytes_per_second} bytes of the body a second`;
  return { reset: "gets a TCP reset", close: "gets no reply: the connection closes", truncate: "gets half of the body",
    drip: "gets the body in drips" }[/** @type {string} */ (connection)] ?? "";
}

/** @param {any} when */
function rest(when) {
  const { probability, after, between, over, follows, per } = when;
  return [
    probability < 1 && `with a chance of ${Number((probability * 100).toPrecision(3))} %`,
    after && `after ${after} that pass`,
    between && `from ${between[0]} to ${between[1]}`,
    over && (over.seconds ? `beyond ${over.calls} in ${over.seconds} s` : `beyond ${over.calls}, which come back at ${over.per_second} a second`),
    follows && `once ${follows.vendor} has had ${follows.count ?? 1} of ${follows.operation ?? "any call"}`,
    per === "operation" && "counted for each operation",
  ];
}

/** @param {number} number */
function ordinal(number) {
  return { 2: "second", 3: "third", 4: "fourth", 5: "fifth" }[number] ?? `${number}th`;
}
