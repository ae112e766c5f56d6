// The widget as it is served and published: without comments and spare white space, as an ES module, as CommonJS and as a script for any
// page. The server does the same by itself (`crates/server/src/sdk_js.rs`); `test/wrap.json` holds both to the same bytes.
//
// Promise: only what stands between tokens is taken out, never a line break that could end a statement, and nothing inside a string
// or template literal. The source must have no regular expression literal: a `/` that begins no comment is a division here.

/** @param {string} source */
export function strip(source) {
  const { length } = source;
  let out = "";
  let at = 0;
  /** The white space since the last token: none, some, or some with a line break. @type {"" | " " | "\n"} */
  let gap = "";
  /** Braces that are open within each `${`. @type {number[]} */
  const holes = [];
  const copy = (count = 1) => {
    out += gapBetween(out.at(-1) ?? "", gap, source[at]) + source.slice(at, at + count);
    gap = "";
    at += count;
  };
  /** Up to the end of a string, or into the next hole of a template. @param {string} end */
  const copyText = (end) => {
    while (at < length) {
      const char = source[at];
      if (char === "\\") copy(2);
      else if (char === end) return copy();
      else if (end === "`" && source.startsWith("${", at)) {
        holes.push(0);
        return copy(2);
      } else copy();
    }
  };
  /** Leaves out what is up to there. @param {number} stop */
  const skip = (stop) => {
    const left = source.slice(at, stop);
    gap = gap === "\n" || left.includes("\n") ? "\n" : " ";
    at = stop;
  };
  while (at < length) {
    const char = source[at];
    if (source.startsWith("//", at)) skip(indexAfter(source, "\n", at));
    else if (source.startsWith("/*", at)) skip(indexAfter(source, "*/", at + 2));
    else if (" \t\r\n".includes(char)) skip(at + 1);
    else if (char === '"' || char === "'" || char === "`") {
      copy();
      copyText(char);
    } else {
      copy();
      if (!holes.length) continue;
      if (char === "{") holes[holes.length - 1] += 1;
      if (char === "}" && --holes[holes.length - 1] < 0) {
        holes.pop();
        copyText("`");
      }
    }
  }
  return `${out}\n`;
}

/** @param {string} source @param {string} text @param {number} from */
function indexAfter(source, text, from) {
  const found = source.indexOf(text, from);
  return found < 0 ? source.length : found + text.length;
}

/** What must stay of the white space between two tokens. @param {string} before @param {string} gap @param {string} after */
function gapBetween(before, gap, after) {
  if (!before || !gap || "{([,;".includes(before)) return "";
  if (gap === "\n") return gap;
  // `a + +b`, `1 .toFixed()` and names; everything else keeps apart by itself.
  const isNeeded = (isWord(before) && (isWord(after) || after === ".")) || (before === after && "+-".includes(before));
  return isNeeded ? gap : "";
}

/** @param {string} char */
const isWord = (char) => /[\w$]/.test(char) || char > "~";

const EXPORT = "export default class AlterConnect ";
const HERE = "import.meta.url";

/** @param {string} source */
const esm = (source) => strip(source);

/** @param {string} source */
const cjs = (source) => `"use strict";\n${plain(source, '""')}exports.__esModule = true;\nexports.default = AlterConnect;\n`;

/** For a script tag: the global `AlterConnect` is the class itself. @param {string} source */
const umd = (source) =>
  `((make)=>{typeof module==="object"&&module.exports?module.exports=make(""):typeof define==="function"&&define.amd?define([],()=>make("")):globalThis.AlterConnect=make(document.currentScript?.src)})((here)=>{${plain(source, "here")}return AlterConnect});\n`;

/** The body of the module as a plain script; `here` stands for its address. @param {string} source @param {string} here */
function plain(source, here) {
  for (const text of [EXPORT, HERE]) if (source.split(text).length !== 2) throw new Error(`the widget must say \`${text}\` once`);
  return strip(source.replace(EXPORT, "class AlterConnect ").replace(HERE, here));
}

/** What is published, by file name. */
export const builds = { "alter-connect.esm.js": esm, "alter-connect.cjs": cjs, "alter-connect.umd.js": umd };
