// An issuer that answers what a test tells it, keys that sign what a test wants, and tabs of a browser that is not there.

import { createSign, createHmac, generateKeyPairSync, sign as signAny } from "node:crypto";
import { createServer } from "node:http";

const pair = {
  RS256: (modulusLength) => generateKeyPairSync("rsa", { modulusLength }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: () => generateKeyPairSync("ed25519"),
};

/** A key with its public half as a JWK. */
export function makeKey(alg, kid, bits = 2048) {
  const { publicKey, privateKey } = pair[alg](bits);
  return { alg, kid, privateKey, publicKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" } };
}

const part = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A token. `header` replaces parts of the header; `undefined` takes one out. */
export function makeToken(key, claims, header = {}) {
  const head = { alg: key.alg, kid: key.kid, typ: "JWT", ...header };
  const text = `${part(head)}.${part(claims)}`;
  return `${text}.${signatureOf(key, text, head.alg)}`;
}

function signatureOf(key, text, alg) {
  if (alg === "HS256") {
    // The old attack: the public key, as everybody knows it, taken for a shared secret.
    return createHmac("sha256", key.publicKey.export({ format: "pem", type: "spki" })).update(text).digest("base64url");
  }
  if (key.alg === "EdDSA") return signAny(null, Buffer.from(text), key.privateKey).toString("base64url");
  const signer = createSign("SHA256").update(text);
  return signer.sign({ key: key.privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url");
}

export const now = () => Math.floor(Date.now() / 1000);

async function bodyOf(request) {
  const parts = [];
  for await (const chunk of request) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

const KEYS = [makeKey("RS256", "rs"), makeKey("ES256", "es"), makeKey("EdDSA", "ed")];

/**
 * Starts an issuer. `routes` holds the answers by "METHOD /path": an object, `[status, object]`, a text, or a function of the request.
 * `requests` holds what came.
 */
export async function startIssuer() {
  const keys = [...KEYS];
  const requests = [];
  const routes = { "GET /.well-known/jwks.json": () => ({ keys: keys.map((key) => key.jwk) }) };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://stub");
    const seen = { method: request.method, path: url.pathname, query: url.search, headers: request.headers, body: await bodyOf(request) };
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Headers", "authorization, content-type");
    response.setHeader("Access-Control-Allow-Methods", "GET, POST, DELETE");
    if (request.method === "OPTIONS") return void response.writeHead(204).end();
    requests.push(seen);
    const route = routes[`${request.method} ${url.pathname}`];
    const answer = typeof route === "function" ? await route(seen) : route;
    const [status, body, headers = {}] = Array.isArray(answer) ? answer : answer === undefined ? [404, { error: "not_found" }] : [200, answer];
    const isText = typeof body === "string";
    response.writeHead(status, { "Content-Type": isText ? "text/html" : "application/json", ...headers });
    response.end(isText ? body : JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const [key] = keys;
  return {
    issuer,
    keys,
    key,
    requests,
    routes,
    json: (index = -1) => JSON.parse(requests.at(index).body),
    count: (path) => requests.filter((one) => one.path === path).length,
    idToken: (claims = {}, header = {}) => makeToken(key, { iss: issuer, aud: "app_1", azp: "app_1", sub: "idn_ada", iat: now(), exp: now() + 600, ...claims }, header),
    accessToken: (claims = {}, header = {}) =>
      makeToken(key, { iss: issuer, aud: issuer, sub: "idn_ada", cid: "app_1", scope: "openid", iat: now(), exp: now() + 600, ...claims }, { typ: "at+jwt", ...header }),
    delegated: (claims = {}, header = {}, by = key) =>
      makeToken(
        by,
        {
          iss: issuer,
          aud: "https://iris.test",
          sub: "idn_ada",
          cid: "app_1",
          client_id: "app_1",
          scope: "infer models",
          grant_id: "g1",
          target_resource: "iris:inference",
          com_mode: "background",
          jti: "j1",
          iat: now(),
          exp: now() + 600,
          ...claims,
        },
        { typ: "at+jwt", ...header },
      ),
    stop: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

/** Like the storage of a browser: the methods are inherited, the entries are its own. */
class Storage {
  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }
  setItem(key, value) {
    this[key] = String(value);
  }
  removeItem(key) {
    delete this[key];
  }
}

/** A tab: where it is, where it went, and what it stores. `enter` makes it the one that code runs in. */
export function makeTab(origin = "https://app.test", shared = new Storage()) {
  let here = new URL("/", origin);
  const went = [];
  const go = (address) => went.push(new URL(address, here).href);
  const tab = {
    went,
    sessionStorage: new Storage(),
    localStorage: shared,
    location: {
      get href() {
        return here.href;
      },
      set href(address) {
        go(address);
      },
      get origin() {
        return here.origin;
      },
      assign: go,
      replace: go,
    },
    history: { state: null, replaceState: (_state, _title, address) => (here = new URL(address, here)) },
    /** The page is now at this address. */
    at(address) {
      here = new URL(address, here);
      return tab;
    },
    /** Where the page went last, as a URL. */
    last: () => new URL(went.at(-1)),
    enter() {
      for (const name of ["location", "history", "sessionStorage", "localStorage"]) {
        Object.defineProperty(globalThis, name, { value: tab[name], configurable: true, writable: true });
      }
      return tab;
    },
    /** The answer to the last redirect, as the issuer would send it. */
    answer(params) {
      const asked = tab.last().searchParams;
      const url = new URL(asked.get("redirect_uri"));
      for (const [name, value] of Object.entries({ state: asked.get("state"), ...params })) if (value !== null) url.searchParams.set(name, value);
      here = url;
      return url.href;
    },
  };
  return tab;
}
