// What a key looks like, so that a wrong one is refused before it is sent anywhere.

import { badCall } from "./wire.js";

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

/** @param {unknown} key @returns {string} */
export function checkKey(key) {
  if (typeof key !== "string" || !key) throw badCall("`appKey` is missing.");
  if (/^alter_key_[\w-]{40}$/.test(key)) return key;
  const [, kind, random, sum] = /^alter_(rk|ak|dk|pk)_([a-z2-7]{22})_([a-z2-7]{6})$/.exec(key) ?? [];
  if (kind === "pk") throw badCall("`appKey` is a publishable key, which may not do this. Use the key of the app.");
  if (!kind || sum !== checksum(`${kind}:${random}`)) throw badCall("`appKey` is no key, or has a slip in it.");
  return key;
}

/** @param {string} text */
function checksum(text) {
  const crc = crc32(text);
  return Array.from({ length: 6 }, (_, at) => LETTERS[(crc >>> (5 * at)) & 31]).join("");
}

/** @param {string} text in ASCII */
function crc32(text) {
  let crc = -1;
  for (const char of text) {
    crc ^= char.charCodeAt(0);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
