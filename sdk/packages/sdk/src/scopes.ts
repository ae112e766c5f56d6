// Lists of scopes and of `prompt` values.

import type { OAuthPrompt } from "./types.js";

/** Every known value of `prompt` (OIDC Core section 3.1.2.1). */
export const OAUTH_PROMPT_VALUES: readonly OAuthPrompt[] = ["none", "login", "consent", "select_account"];

/** Trims a scope and undoes up to two rounds of percent-encoding. */
export function normalizeScopeToken(text: string): string {
  let token = text.trim();
  for (let round = 0; round < 2 && /%[0-9a-f]{2}/i.test(token); round += 1) {
    try {
      token = decodeURIComponent(token.replace(/\+/g, " ")).trim();
    } catch {
      return token;
    }
  }
  return token;
}

/** The scopes of a list that is separated by spaces or plus signs (RFC 6749 section 3.3). */
export function parseOAuthScopes(text: string): string[] {
  return text.replace(/\+/g, " ").split(/\s+/).map(normalizeScopeToken).filter(Boolean);
}

/** One string from many scopes. */
export function joinOAuthScopes(scopes: readonly string[]): string {
  return scopes.map(normalizeScopeToken).filter(Boolean).join(" ");
}

/** The known values in a `prompt` string. */
export function parseOAuthPrompt(text: string | null | undefined): OAuthPrompt[] {
  const words: readonly string[] = (text ?? "").split(/[\s+]+/);
  return words.filter((word): word is OAuthPrompt => (OAUTH_PROMPT_VALUES as readonly string[]).includes(word));
}

/** One string from a `prompt` list or string. */
export function formatOAuthPrompt(prompt: string | readonly string[]): string {
  return typeof prompt === "string" ? prompt.trim() : prompt.join(" ");
}

/** True when the person must be shown something even if all was allowed before. */
export function requiresAuthorizeInteractionPrompt(prompts: readonly string[]): boolean {
  return prompts.includes("select_account") || prompts.includes("consent");
}

/** True when the person must be asked which identity to use. */
export function wantsAccountPickerPrompt(prompts: readonly string[]): boolean {
  return prompts.includes("select_account");
}
