import type { OAuthPrompt } from "./types.js";

/** Every `prompt` that the sign-in page knows (OpenID Connect Core §3.1.2.1). */
export const OAUTH_PROMPT_VALUES: readonly OAuthPrompt[] = ["none", "login", "consent", "select_account"];

/** What is asked for when no scope is given. */
export const DEFAULT_SCOPES = "openid profile email";

/** One scope without white space around it and without percent escapes, also if it was escaped twice on its way. */
export function normalizeScopeToken(token: string): string {
  let text = token.trim();
  for (let round = 0; round < 2 && /%[0-9a-f]{2}/i.test(text); round += 1) {
    try {
      text = decodeURIComponent(text.replace(/\+/g, " ")).trim();
    } catch {
      break;
    }
  }
  return text;
}

/** The scopes in a text (RFC 6749 §3.3). A plus sign counts as a space. */
export function parseOAuthScopes(text: string | null | undefined): string[] {
  return (text ?? "").replace(/\+/g, " ").split(/\s+/).map(normalizeScopeToken).filter(Boolean);
}

/** Scopes as one text, separated by single spaces (RFC 6749 §3.3). */
export function joinOAuthScopes(scopes: readonly string[]): string {
  return scopes.map(normalizeScopeToken).filter(Boolean).join(" ");
}

/** Scopes in either form, as one text. */
export function scopeText(scope: string | readonly string[] | undefined): string {
  return joinOAuthScopes(typeof scope === "string" ? parseOAuthScopes(scope) : (scope ?? []));
}

/** The known prompts in a text. What is unknown is dropped. */
export function parseOAuthPrompt(text: string | null | undefined): OAuthPrompt[] {
  return (text ?? "").split(/[\s+]+/).filter((word): word is OAuthPrompt => (OAUTH_PROMPT_VALUES as readonly string[]).includes(word));
}

/** Prompts as one text. */
export function formatOAuthPrompt(prompt: string | readonly OAuthPrompt[]): string {
  return typeof prompt === "string" ? prompt.trim() : prompt.join(" ");
}

/** True when the page must ask the person something, even if it could answer at once. */
export function requiresAuthorizeInteractionPrompt(prompts: readonly OAuthPrompt[]): boolean {
  return prompts.includes("select_account") || prompts.includes("consent");
}

/** True when the page must show the list of identities. */
export function wantsAccountPickerPrompt(prompts: readonly OAuthPrompt[]): boolean {
  return prompts.includes("select_account");
}
