// The types, as apps use them; nothing here runs.

import AlterConnect, { type AlterConfig, type AlterError, type Connection } from "@procura/connect";
import { App, ChooseAccountError, ConnectAgainError, ConnectError, type Grant } from "@procura/connect/server";

const config: AlterConfig = { debug: true, baseURL: "https://id.example.org", onSuccess: (connection) => connection.grant_id };
const widget: AlterConnect = AlterConnect.create(config);
AlterConnect.configure({ issuer: "https://id.example.org" });

export async function connect(token: string): Promise<void> {
  await widget.open({
    token,
    onSuccess: (connection: Connection) => console.log(connection.grant_id, connection.operation === "reauth", connection.metadata?.team),
    onError: (error: AlterError) => console.error(error.code, error.details?.provider_error),
    onExit: () => undefined,
    onEvent: (eventName: string, metadata: object) => console.log(eventName, metadata),
  });
  const off: () => void = widget.on("success", (connections: Connection[]) => console.log(connections.length));
  off();
  const wasThere: boolean = await widget.resume({ onSuccess: ({ provider }) => provider });
  console.log(wasThere, widget.isOpen(), widget.getVersion());
  // @ts-expect-error: it needs onSuccess
  await widget.open({ token });
  // @ts-expect-error: and a token
  await widget.open({ onSuccess() {} });
  // @ts-expect-error: no such thing happens
  widget.on("opened", () => undefined);
}

export async function backend(): Promise<Grant[]> {
  const app = new App({ issuer: "https://id.example.org", appKey: "alter_rk_…", userToken: async () => "jwt" });
  const { sessionToken, expiresIn } = await app.createConnectSession({ allowedProviders: ["google"], allowedOrigin: "https://app.example.com" });
  console.log(sessionToken, expiresIn.toFixed());
  const standing = await app.pollConnectSession(sessionToken);
  if (standing.status === "completed") console.log(standing.grants?.[0]?.providerId);
  try {
    const response: Response = await app.request("/v1/me", { provider: "google", json: {} });
    console.log(response.status);
  } catch (error) {
    if (error instanceof ChooseAccountError || error instanceof ConnectAgainError) console.log(error.details.candidates, error.hint);
    if (error instanceof ConnectError) console.log(error.code, error.status, error.retryAfter);
  }
  const { apiKey, id } = await app.agents.create({ name: "bot", scopes: { google: ["calendar.read"] } });
  console.log(apiKey, (await app.agents.keys.list(id)).items.length);
  await app.agents.update(id, { scopes: {}, expectedVersion: 1 });
  // @ts-expect-error: a key is needed
  new App({ issuer: "https://id.example.org" });
  return (await app.listGrants({ status: "active" })).grants;
}
