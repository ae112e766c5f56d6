type Connection = {
  grant_id: string; // store this if persistence is required
  provider: string; // e.g. "google"
  provider_name: string; // display name, e.g. "Google"
  account_identifier: string; // user account at the provider (typically email)
  timestamp: string; // ISO timestamp
  operation: "creation" | "reauth";
  scopes: string[];
  status: "active" | "pending" | "error";
  metadata?: Record<string, unknown>;
};

type AlterError = {
  code: string; // e.g. "popup_blocked", "invalid_token", "session_expired"
  message: string;
  details?: Record<string, unknown>;
};
