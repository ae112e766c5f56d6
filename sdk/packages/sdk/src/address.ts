// Taking secrets and spent parameters out of addresses, so that they stay out of history, bookmarks and `Referer`.

const SPENT = ["code", "state", "iss"];
const SECRET = [
  "app_key",
  "app_key_old",
  "app_public_key",
  "app_public_key_old",
  "app_private_key",
  "app_private_key_old",
  "unwrapped_secret",
  "unwrappedSecretB64",
];

/** The same address without what an authorization response added: `code`, `state`, `iss` (RFC 6749 section 4.1.2, RFC 9207). */
export function stripOAuthQueryParamsFromUrlString(address: string): string {
  const url = parse(address);
  if (!url) return address;
  for (const name of SPENT) url.searchParams.delete(name);
  return url.href;
}

/** The same address without secrets in its fragment. */
export function stripSensitiveHashFromUrlString(address: string): string {
  const url = parse(address);
  if (!url || !SECRET.some((name) => url.hash.includes(`${name}=`))) return address;
  const fragment = new URLSearchParams(url.hash.slice(1));
  for (const name of SECRET) fragment.delete(name);
  url.hash = fragment.toString();
  return url.href.replace(/#$/, "");
}

/** Takes the secrets out of the fragment in the address bar, or of the address given. */
export function stripSensitiveFragmentParams(address: string = window.location.href): void {
  show(stripSensitiveHashFromUrlString(address));
}

/** Takes a spent code out of the address bar, if it is there. */
export function forgetCode(code: string): void {
  // The page may be gone when a timer comes here.
  if (typeof window === "undefined") return;
  const { href } = window.location;
  if (parse(href)?.searchParams.get("code") === code) show(stripOAuthQueryParamsFromUrlString(stripSensitiveHashFromUrlString(href)));
}

function show(address: string): void {
  if (address !== window.location.href) window.history?.replaceState(window.history.state, "", address);
}

function parse(address: string): URL | undefined {
  try {
    return new URL(address);
  } catch {
    return undefined;
  }
}
