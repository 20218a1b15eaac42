/** The live journal of one sandbox. It goes on over a restart of the emulator, and keeps what it has seen. */

import { events, get, pathOf } from "./api.js";

/** @typedef {{key: string, exchange: any, place: number}} Row an exchange, its name in addresses, and its place in time */
/** @typedef {"connecting" | "live" | "lost" | "gone"} State */

const MOST_ROWS = 10_000;
/** Of rows older than so many, bodies with more letters than that are asked for again when they are shown. */
const MOST_BODIES = 1000;
const MOST_LETTERS = 2000;
const REDRAW_MILLISECONDS = 100;
const SECOND = 1000;

export class Feed {
  /** @type {Row[]} oldest first */
  rows = [];
  /** @type {Row[]} calls in progress, newest first */
  open = [];
  /** @type {State} */
  state = "connecting";
  /** How often the emulator restarted. */
  restarts = 0;
  added = 0;
  /** How often the numbers of the journal began again. */
  _run = 0;
  _last = 0;
  _created = "";
  /** @type {Map<string, Row>} */
  _byKey = new Map();
  /** @type {Set<() => void>} */
  _listeners = new Set();
  _timer = 0;
  _abort = new AbortController();

  /** @param {string} sandbox */
  constructor(sandbox) {
    this.sandbox = sandbox;
  }

  /** Follow the journal until `stop`. */
  start() {
    const { signal } = this._abort;
    const often = async (/** @type {() => Promise<void>} */ act) => {
      for (; !signal.aborted; await new Promise((resolve) => setTimeout(resolve, SECOND))) await act();
    };
    often(() => this._connect().catch((error) => this._become(error.status === 404 ? "gone" : "lost")));
    often(() => this._look());
  }

  stop() {
    this._abort.abort();
    this._listeners.clear();
  }

  /** Call `listener` after changes, a few times a second. Returns what ends that. @param {() => void} listener */
  subscribe(listener) {
    this._listeners.add(listener);
    return () => void this._listeners.delete(listener);
  }

  /** @param {string} name as `nameOf` gives it @returns {Row | undefined} */
  find(name) {
    return this._byKey.get(name.includes("~") ? name : `${this._run}~${name}`);
  }

  /** Return the name of a row in an address: the exchange's id, unless a later run of the journal has it too.
   * @param {Row} row */
  nameOf({ key, exchange }) {
    return key.startsWith(`${this._run}~`) ? String(exchange.id) : key;
  }

  /** Forget the rows. */
  clear() {
    this.rows = [];
    this._byKey.clear();
    this._changed();
  }

  async _connect() {
    const { created_at: created } = await get(pathOf(this.sandbox));
    const isOther = this._created !== "" && created !== this._created;
    if (isOther) this._beginRun();
    this._created = created;
    const path = `${pathOf(this.sandbox, "events")}?since=${this._last}`;
    const opened = () => {
      this.restarts += Number(isOther);
      this._become("live");
    };
    for await (const found of events(path, this._abort.signal, opened)) {
      for (const { resume, data } of found) this._add(data, resume);
      if (found.length) this._changed();
    }
    // The emulator stops, or the sandbox was dropped.
    this._become("lost");
  }

  /** The numbers begin again. */
  _beginRun() {
    this._run += 1;
    this._last = 0;
  }

  /** @param {any} exchange @param {number} resume */
  _add(exchange, resume) {
    const known = this.find(String(exchange.id))?.exchange;
    if (known?.time === exchange.time && known.seconds === exchange.seconds) return;
    // The sandbox was reset.
    if (known) this._beginRun();
    const row = { key: `${this._run}~${exchange.id}`, exchange, place: this.added };
    this.added += 1;
    this._last = resume;
    this.rows.push(row);
    this._byKey.set(row.key, row);
    const older = this.rows.at(-MOST_BODIES);
    if (older) older.exchange = shortened(older.exchange);
    if (this.rows.length > MOST_ROWS * 1.1) this.rows.splice(0, this.rows.length - MOST_ROWS).forEach(({ key }) => this._byKey.delete(key));
  }

  /** Look for calls in progress. */
  async _look() {
    if (this.state !== "live" || document.hidden) return;
    const { exchanges } = await get(`${pathOf(this.sandbox, "journal")}?state=open`).catch(() => ({ exchanges: [] }));
    const isSame = !exchanges.length && !this.open.length;
    this.open = exchanges.map((exchange) => ({ key: `${this._run}~${exchange.id}`, exchange, place: Infinity }));
    if (!isSame) this._changed();
  }

  /** @param {State} state */
  _become(state) {
    this.state = state;
    this._changed();
  }

  _changed() {
    this._timer ||= setTimeout(() => {
      this._timer = 0;
      for (const listener of this._listeners) listener();
    }, REDRAW_MILLISECONDS);
  }
}

/** The rows that match, kept up to date at the price of the new ones only. */
export class Selection {
  _seen = 0;
  /** @type {Row[]} */
  _rows = [];

  /** @param {Feed} feed @param {(exchange: any) => boolean} test */
  constructor(feed, test) {
    this._feed = feed;
    this._test = test;
  }

  /** @returns {Row[]} oldest first */
  rows() {
    const { rows, added } = this._feed;
    const first = rows[0]?.place ?? added;
    const kept = this._rows[0]?.place < first ? this._rows.filter((row) => row.place >= first) : this._rows;
    const fresh = rows.slice(Math.max(0, this._seen - first)).filter((row) => this._test(row.exchange));
    this._seen = added;
    if (kept !== this._rows || fresh.length) this._rows = [...kept, ...fresh];
    return this._rows;
  }
}

/** Return an exchange without long bodies. @param {any} exchange */
function shortened(exchange) {
  const { call, reply } = exchange;
  const short = (/** @type {any} */ message) => (message?.body?.length > MOST_LETTERS ? { ...message, body: null } : message);
  return { ...exchange, isShort: true, call: short(call), reply: short(reply) };
}
