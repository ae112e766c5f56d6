// A page in a tab, as far as the SDK can tell.

import { build } from "esbuild";
import { fileURLToPath } from "node:url";

export class MemoryStorage {
  constructor(entries = {}) {
    Object.assign(this, entries);
  }
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

/** Opens a page and makes it the one that globals name. */
export function openPage(href, { session = new MemoryStorage(), local = new MemoryStorage(), ...more } = {}) {
  const left = [];
  let url = new URL(href);
  const leave = (how) => (to) => left.push({ how, to: String(to) });
  const location = {
    get href() {
      return url.href;
    },
    set href(to) {
      leave("href")(to);
    },
    get origin() {
      return url.origin;
    },
    assign: leave("assign"),
    replace: leave("replace"),
  };
  const history = { state: { kept: true }, replaceState: (_state, _title, to) => void (url = new URL(to, url)) };
  const window = { location, history, isSecureContext: true, ...more };
  const page = {
    left,
    session,
    local,
    window,
    /** Where the page sent the person. */
    destination: () => new URL(left.at(-1).to),
    focus: () => Object.assign(globalThis, { window, sessionStorage: session, localStorage: local }),
    get href() {
      return url.href;
    },
  };
  page.focus();
  return page;
}

export function closePage() {
  for (const name of ["window", "sessionStorage", "localStorage"]) delete globalThis[name];
}

let copies = 0;

/** The module as another page loads it: bundled, with a state of its own. */
export async function freshCopy(entry, options = {}) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../../dist/${entry}.js`, import.meta.url))],
    bundle: true,
    format: "esm",
    write: false,
    ...options,
  });
  copies += 1;
  return import(`data:text/javascript,${encodeURIComponent(`${outputFiles[0].text}\n// copy ${copies}`)}`);
}

/** Runs a sample as it stands, with what its reader would have around it. */
export async function runSample(source, { before = "", exports = "" } = {}) {
  const { outputFiles } = await build({
    stdin: { contents: `${before}\n${source}\n${exports}`, loader: "ts", resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
  });
  copies += 1;
  return import(`data:text/javascript,${encodeURIComponent(`${outputFiles[0].text}\n// copy ${copies}`)}`);
}

/** Waits for what happens in a later turn of the event loop. */
export const later = (ms = 5) => new Promise((done) => setTimeout(done, ms));
