// What needs no browser: which server, which surface, what is published, and how it is made.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { transformSync } from "esbuild";
import { builds, strip } from "../scripts/wrap.js";

const here = new URL(".", import.meta.url);
const read = (path) => readFileSync(new URL(path, here), "utf8");
const source = read("../src/connect.js");
const manifest = JSON.parse(read("../package.json"));

/** Runs a script in a process of its own, since a configured server stays. */
function run(script, environment = {}, module = "../src/connect.js") {
  const full = `import AlterConnect from ${JSON.stringify(new URL(module, here).href)}; ${script}`;
  return execFileSync(process.execPath, ["--input-type=module", "-e", full], { encoding: "utf8", env: { PATH: process.env.PATH, ...environment } }).trim();
}

const OPEN = "await AlterConnect.create(config).open({ token: 't', onSuccess() {}, ...options }).catch((error) => console.log(error.code, error.message));";

describe("which server", () => {
  // Past the server, the first thing missing in Node is what kind of device this is.
  const reached = /innerWidth is not defined|navigator is not defined/;

  it("has no default, and says what to do", () => {
    assert.match(run(`const config = {}, options = {}; ${OPEN}`), /^invalid_options .*baseURL.*create\(\), open\(\) or AlterConnect\.configure\(\)/);
  });

  it("is an option of open() or create(), or configured, or known when it was built", () => {
    for (const name of ["baseURL", "issuer"]) {
      assert.match(run(`const config = {}, options = { ${name}: "https://id.example" }; ${OPEN}`), reached);
      assert.match(run(`const config = { ${name}: "http://localhost:8460/" }, options = {}; ${OPEN}`), reached);
      assert.match(run(`AlterConnect.configure({ ${name}: "https://id.example/path" }); const config = undefined, options = {}; ${OPEN}`), reached);
    }
    assert.match(run(`const config = {}, options = {}; ${OPEN}`, { PROCURA_ISSUER: "https://id.example" }), reached);
  });

  it("is an address and nothing more", () => {
    for (const bad of ["id.example", "ftp://id.example", "javascript:alert(1)", "https://me@id.example", "https://id.example?x", "https://id.example#x"]) {
      assert.match(run(`const config = {}, options = { baseURL: ${JSON.stringify(bad)} }; ${OPEN}`), /^invalid_options/, bad);
      assert.throws(() => run(`AlterConnect.configure({ baseURL: ${JSON.stringify(bad)} })`), /Which server/, bad);
    }
  });
});

it("open() needs a token and onSuccess", () => {
  for (const options of ["undefined", "null", "{}", '{ token: "", onSuccess() {} }', "{ token: 1, onSuccess() {} }", '{ token: "t" }', '{ token: "t", onSuccess: 1 }']) {
    assert.equal(run(`await AlterConnect.create({ baseURL: "https://id.example" }).open(${options}).catch((error) => console.log(error instanceof Error, error.code))`), "true invalid_options", options);
  }
});

it("create() needs no page, and the version is that of the package", () => {
  assert.equal(run("const it = AlterConnect.create(); console.log(it.getVersion(), it.isOpen(), await it.resume()); it.close(); it.destroy(); it.destroy()"), `${manifest.version} false false`);
});

describe("which surface", () => {
  // `connect-wire.md` 1.4.
  const UA = {
    iPhone: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15", iPad: "Mozilla/5.0 (iPad; CPU OS 14_0 like Mac OS X) AppleWebKit/605.1.15",
    Mac: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15", Android: "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36", desktop: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
  };
  for (const [name, width, height, touch, surface] of [
    ["iPhone", 390, 844, 5, "redirect"], ["iPhone", 844, 390, 5, "popup"], ["iPad", 768, 1024, 5, "redirect"], ["iPad", 1024, 768, 5, "popup"],
    ["Mac", 820, 1180, 5, "popup"], ["desktop", 500, 800, 1, "redirect"], ["desktop", 400, 800, 0, "popup"], ["Android", 600, 900, 5, "redirect"],
    ["Android", 480, 320, 5, "redirect"], ["Android", 1025, 1300, 5, "popup"], ["desktop", 1440, 900, 0, "popup"],
  ]) {
    it(`${name} ${width}×${height}${touch ? " with touch" : ""}: ${surface}`, () => {
      const globals = { innerWidth: width, innerHeight: height, outerWidth: width, outerHeight: height, screenX: 0, screenY: 0 };
      assert.equal(run(`
        Object.defineProperty(globalThis, "navigator", { value: ${JSON.stringify({ userAgent: UA[name], maxTouchPoints: touch })}, configurable: true });
        Object.assign(globalThis, ${JSON.stringify(globals)}, { addEventListener() {}, removeEventListener() {}, sessionStorage: { setItem() {} },
          location: { assign() { console.log("redirect"); } }, window: { open() { console.log("popup"); } } });
        AlterConnect.create({ baseURL: "https://id.example" }).open({ token: "t", onSuccess() {} });`), surface);
    });
  }
});

describe("what is published", () => {
  it("is at most 3.5 KB compressed, in each form, and just what the build makes", () => {
    for (const [name, build] of Object.entries(builds)) {
      const text = build(source);
      const size = gzipSync(text, { level: 9 }).length;
      assert.ok(size <= 3584, `${name}: ${size} bytes`);
      assert.ok(read(`../dist/${name}`) === text, name);
    }
  });

  it("has nothing newer than the oldest browsers it is for", () => {
    // Both are there; esbuild only knows of rare bugs in them.
    const supported = { destructuring: true, "optional-chain": true };
    for (const name of Object.keys(builds)) {
      const text = read(`../dist/${name}`);
      const lower = (target) => transformSync(text, { target, supported, minifyWhitespace: true, format: name.includes("esm") ? "esm" : undefined });
      // Nothing is left to be rewritten for them.
      assert.ok(lower(["chrome90", "firefox88", "safari14"]).code === lower("esnext").code, name);
    }
  });

  it("is a class for import, `default` for require, and itself for a script tag", () => {
    const require = createRequire(import.meta.url);
    const common = require("../dist/alter-connect.cjs");
    assert.deepEqual([Object.keys(common).sort(), common.default.create().getVersion()], [["__esModule", "default"], manifest.version]);
    assert.equal(run("console.log(AlterConnect.create().getVersion())", {}, "../dist/alter-connect.esm.js"), manifest.version);
    assert.equal(run("console.log(AlterConnect.default.create().getVersion())", {}, "../dist/alter-connect.cjs"), manifest.version);
    const load = (globals, names = "") => new Function(...Object.keys(globals), `${builds["alter-connect.umd.js"](source)};${names}`)(...Object.values(globals));
    const page = {};
    load({ globalThis: page, module: undefined, define: undefined, document: { currentScript: null } });
    assert.equal(page.AlterConnect.create().getVersion(), manifest.version);
    const module = { exports: {} };
    load({ module });
    assert.equal(module.exports.create().getVersion(), manifest.version);
    let defined;
    load({ module: undefined, define: Object.assign((_, make) => { defined = make(); }, { amd: {} }) });
    assert.equal(defined.create().getVersion(), manifest.version);
  });

  it("has all that the exports name, depends on nothing, and names no foreign host", () => {
    const paths = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(paths));
    for (const path of [...paths(manifest.exports), manifest.main, manifest.module, manifest.types, manifest.unpkg]) assert.ok(read(`.${path}`), path);
    assert.deepEqual([manifest.dependencies, manifest.peerDependencies, manifest.files], [undefined, undefined, ["src", "dist"]]);
    for (const name of Object.keys(builds)) assert.doesNotMatch(read(`../dist/${name}`).replace("https://id.example.org", ""), /https?:\/\//, name);
  });
});

describe("how it is made", () => {
  const [, ...parts] = read("wrap.txt").split(/^==== ?/m);
  const hash = parts.pop().trim();
  for (const part of parts) {
    const [name, ...rest] = part.split("\n");
    const [given, left] = rest.join("\n").split(/^----\n/m);
    it(name, () => assert.equal(strip(given), left));
  }

  it("is the same wherever it is made", () => {
    assert.equal(createHash("sha256").update(builds["alter-connect.umd.js"](source)).digest("hex"), hash, "write the new digest at the end of test/wrap.txt");
  });

  it("means the same afterwards", () => {
    const small = (text) => transformSync(text, { minify: true, format: "esm" }).code;
    assert.ok(small(strip(source)) === small(source));
  });
});

describe("types", () => {
  const tsc = new URL("../../../node_modules/typescript/bin/tsc", here).pathname;
  const settings = { strict: true, noEmit: true, target: "es2022", lib: ["es2022", "dom", "dom.iterable"], skipLibCheck: false };
  const compile = async (more, include = ["../types/*.ts"]) => {
    const folder = mkdtempSync(new URL("types-", here).pathname);
    try {
      writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions: { ...settings, types: ["node"], ...more }, include }));
      await promisify(execFile)(process.execPath, [tsc, "-p", folder]).catch((error) => assert.fail(error.stdout));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it("fit the apps of bundlers", () => compile({ module: "es2022", moduleResolution: "bundler" }));
  it("fit the apps of Node, with import and with require", () => compile({ module: "nodenext", moduleResolution: "nodenext" }, ["../types/*.ts", "../types/*.cts"]));
});
