/** The live journal of one sandbox. It goes on over a restart of the emulator, and keeps what it has seen. */

import { events, get, pathOf } from "./api.js";

/** @typedef {{key: string, exchange: any, place: number}} Row an exchange, its name in addresses, and its place in time */
/** @typedef {"connecting" | "live" | "lost" | "gone" | "refused"} State */

export const MOST_ROWS = 10_000;
/** How many characters of bodies the rows keep; older ones are asked for when they are shown. */
const MOST_LETTERS = 64_000_000;
const REDRAW_MILLISECONDS = 100;
const RETRY_MILLISECONDS = 1000;
const OPEN_MILLISECONDS = 1000;

export class Feed {
  /** @param {string} sandbox */
  constructor(sandbox) {
    this.sandbox = sandbox;
    /** @type {Row[]} oldest first */
    this.rows = [];
    /** @type {any[]} calls in progress */
    this.open = [];
    /** @type {State} */
    this.state = "connecting";
    /** How often the emulator restarted. */
    this.restarts = 0;
    this.problem = "";
    this.added = 0;
    this._letters = 0;
    /** How many rows, from the oldest on, have forgotten their bodies. */
    this._withoutBodies = 0;
    this._run = 0;
    this._last = 0;
    this._created = "";
    /** @type {Map<string, Row>} */
    this._byKey = new Map();
    /** @type {Set<() => void>} */
    this._listeners = new Set();
    this._timer = 0;
    this._abort = new AbortController();
  }

  /** Follow the journal until `stop`. */
  async start() {
    this._watchOpen();
    while (!this._abort.signal.aborted) {
      try {
        await this._connect();
      } catch (error) {
        const { status, message } = /** @type {any} */ (error);
        this._become(status === 404 ? "gone" : status === 401 ? "refused" : "lost", message);
      }
      await pause(RETRY_MILLISECONDS);
    }
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

  /** @param {string} key @returns {Row | undefined} */
  find(key) {
    return this._byKey.get(key.includes("~") ? key : `${this._run}~${key}`);
  }

  /** Return the name of a row in an address: the exchange's id, unless a later run of the journal has it too.
   * @param {Row} row */
  nameOf(row) {
    return row.key.startsWith(`${this._run}~`) ? String(row.exchange.id) : row.key;
  }

  /** Forget the rows. */
  clear() {
    this.rows = [];
    this._letters = 0;
    this._withoutBodies = 0;
    this._byKey.clear();
    this._changed();
  }

  async _connect() {
    const { created_at: created } = await get(pathOf(this.sandbox));
    const isOther = this._created !== "" && created !== this._created;
    if (isOther) this._beginRun();
    this._created = created;
    const path = `${pathOf(this.sandbox)}/events?since=${this._last}`;
    for await (const found of events(path, this._abort.signal, () => this._opened(isOther))) {
      for (const { resume, data } of found) this._add(data, resume);
      if (found.length) this._changed();
    }
    // The emulator stops, or the sandbox was dropped.
    this._become("lost", "The emulator ended the connection.");
  }

  /** @param {boolean} isOther */
  _opened(isOther) {
    if (isOther) this.restarts += 1;
    this._become("live", "");
  }

  /** The numbers begin again. */
  _beginRun() {
    this._run += 1;
    this._last = 0;
  }

  /** @param {any} exchange @param {number} resume */
  _add(exchange, resume) {
    const known = this._byKey.get(`${this._run}~${exchange.id}`);
    if (known && known.exchange.time === exchange.time && known.exchange.seconds === exchange.seconds) return;
    // The sandbox was reset.
    if (known) this._beginRun();
    const row = { key: `${this._run}~${exchange.id}`, exchange, place: this.added };
    this.added += 1;
    this._last = resume;
    this.rows.push(row);
    this._byKey.set(row.key, row);
    this._letters += lettersOf(row);
    if (this.rows.length > MOST_ROWS * 1.1) this._forgetOldest();
    while (this._letters > MOST_LETTERS) this._forgetBodies(this.rows[this._withoutBodies++]);
  }

  _forgetOldest() {
    const oldest = this.rows.splice(0, this.rows.length - MOST_ROWS);
    for (const row of oldest) {
      this._byKey.delete(row.key);
      this._letters -= lettersOf(row);
    }
    this._withoutBodies = Math.max(0, this._withoutBodies - oldest.length);
  }

  /** @param {Row} row */
  _forgetBodies(row) {
    const { call, reply } = row.exchange;
    this._letters -= lettersOf(row);
    row.exchange = { ...row.exchange, isShort: true, call: { ...call, body: null }, reply: reply && { ...reply, body: null } };
  }

  async _watchOpen() {
    while (!this._abort.signal.aborted) {
      if (this.state === "live" && !document.hidden && this._listeners.size) {
        const found = await get(`${pathOf(this.sandbox)}/journal?state=open`).catch(() => ({ exchanges: [] }));
        const isSame = !found.exchanges.length && !this.open.length;
        this.open = found.exchanges;
        if (!isSame) this._changed();
      }
      await pause(OPEN_MILLISECONDS);
    }
  }

  /** @param {State} state @param {string} problem */
  _become(state, problem) {
    if (this._abort.signal.aborted) return;
    this.state = state;
    this.problem = problem;
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
  /** @param {Feed} feed @param {(exchange: any) => boolean} test */
  constructor(feed, test) {
    this._feed = feed;
    this._test = test;
    this._seen = 0;
    /** @type {Row[]} */
    this._rows = [];
  }

  /** @returns {Row[]} oldest first */
  rows() {
    const { rows, added } = this._feed;
    const first = rows[0]?.place ?? added;
    const kept = this._rows[0] && this._rows[0].place < first ? this._rows.filter((row) => row.place >= first) : this._rows;
    const fresh = rows.slice(Math.max(0, this._seen - first)).filter((row) => this._test(row.exchange));
    this._seen = added;
    if (!rows.length) this._rows = [];
    else if (kept !== this._rows || fresh.length) this._rows = [...kept, ...fresh];
    return this._rows;
  }
}

/** @param {Row} row */
function lettersOf({ exchange: { call, reply } }) {
  return (call.body?.length ?? 0) + (reply?.body?.length ?? 0);
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
