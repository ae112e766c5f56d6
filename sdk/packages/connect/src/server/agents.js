// Agents of an app: what acts for people by itself, with keys and scopes of its own.

import { call, segment, wire } from "./wire.js";

/** @import { Agent, AgentChanges, AgentKey, AgentList, AgentOptions, NewAgent } from "./types.js" */
/** @import { Line } from "./wire.js" */

const OPAQUE = ["scopes", "metadata", "policy"];

export class Agents {
  /** @type {Line} */
  #line;

  /** @internal @param {Line} line */
  constructor(line) {
    this.#line = line;
    this.keys = new AgentKeys(line);
  }

  /** Makes an agent and its first key. @param {AgentOptions} options @returns {Promise<NewAgent>} */
  create({ idempotencyKey, ...options }) {
    const body = wire({ type: "agent", scopes: {}, metadata: {}, ...options }, OPAQUE);
    return call(this.#line, "POST", "/sdk/agents", { body, ...(idempotencyKey && { headers: { "Idempotency-Key": idempotencyKey } }) });
  }

  /** @param {string} id @returns {Promise<Agent>} */
  get(id) {
    return call(this.#line, "GET", pathOf(id));
  }

  /** @param {{ name?: string, includeRevoked?: boolean, limit?: number, offset?: number }} [options] @returns {Promise<AgentList>} */
  list(options = {}) {
    return call(this.#line, "GET", "/sdk/agents", { query: options });
  }

  /** @param {string} id @param {AgentChanges} changes @returns {Promise<Agent>} */
  update(id, { graceSeconds, expectedVersion, ...changes }) {
    return call(this.#line, "PATCH", pathOf(id), { body: wire(changes, OPAQUE), query: { graceSeconds, expectedVersion } });
  }

  /** From now on it may only ask about itself. @param {string} id @returns {Promise<Agent>} */
  suspend(id) {
    return call(this.#line, "PATCH", pathOf(id), { body: { status: "inactive" } });
  }

  /** @param {string} id @returns {Promise<Agent>} */
  resume(id) {
    return call(this.#line, "PATCH", pathOf(id), { body: { status: "active" } });
  }

  /** Ends it with its keys and delegations, for good. @param {string} id @returns {Promise<Agent>} */
  revoke(id) {
    return call(this.#line, "DELETE", pathOf(id));
  }
}

class AgentKeys {
  /** @type {Line} */
  #line;

  /** @internal @param {Line} line */
  constructor(line) {
    this.#line = line;
  }

  /** Makes a key; `apiKey` is shown this once. @param {string} agentId @returns {Promise<AgentKey & { apiKey: string }>} */
  create(agentId) {
    return call(this.#line, "POST", `${pathOf(agentId)}/keys`, { body: {} });
  }

  /** @param {string} agentId @returns {Promise<{ items: AgentKey[] }>} */
  list(agentId) {
    return call(this.#line, "GET", `${pathOf(agentId)}/keys`);
  }

  /** It works on, and its answers say that it should be replaced. @param {string} agentId @param {string} keyId @returns {Promise<AgentKey>} */
  deprecate(agentId, keyId) {
    return call(this.#line, "PATCH", `${keyPath(agentId, keyId)}/deprecate`, { body: {} });
  }

  /** @param {string} agentId @param {string} keyId @returns {Promise<AgentKey>} */
  undeprecate(agentId, keyId) {
    return call(this.#line, "PATCH", `${keyPath(agentId, keyId)}/undeprecate`, { body: {} });
  }

  /** Ends a key; the last one only with `force`. @param {string} agentId @param {string} keyId @param {{ force?: boolean }} [options] @returns {Promise<AgentKey>} */
  revoke(agentId, keyId, { force } = {}) {
    return call(this.#line, "DELETE", keyPath(agentId, keyId), { query: { force: force || undefined } });
  }
}

/** @param {string} id */
const pathOf = (id) => `/sdk/agents/${segment(id, "agent id")}`;

/** @param {string} agentId @param {string} keyId */
const keyPath = (agentId, keyId) => `${pathOf(agentId)}/keys/${segment(keyId, "key id")}`;
