// What a person has allowed apps to do at other apps, for that person to see and to end.

import { resolveIssuer } from "./issuer.js";
import type { AveConfig, DelegationGrant } from "./types.js";
import { askJson, askNothing } from "./wire.js";

/** The person's active grants. `sessionToken` is the person's own (`pst_…`); tokens of apps are refused. */
export async function listDelegations(config: Pick<AveConfig, "issuer">, sessionToken: string): Promise<DelegationGrant[]> {
  const url = `${resolveIssuer(config.issuer)}/api/oauth/delegations`;
  const body = await askJson<{ delegations?: DelegationGrant[] }>(url, { bearer: sessionToken });
  return Array.isArray(body.delegations) ? body.delegations : [];
}

/** Ends a grant. `exchangeDelegatedToken` fails with `access_denied` until the person allows it again. */
export async function revokeDelegation(
  config: Pick<AveConfig, "issuer">,
  sessionToken: string,
  delegationId: string,
): Promise<void> {
  const url = `${resolveIssuer(config.issuer)}/api/oauth/delegations/${encodeURIComponent(delegationId)}`;
  await askNothing(url, { method: "DELETE", bearer: sessionToken });
}
