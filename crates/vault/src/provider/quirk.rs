//! Behaviour that data cannot say, by name. `providers/README.md` says what each one means.

use serde::Deserialize;

/// A closed set: a descriptor that names another one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quirk {
    AnthropicVersion,
    AwsStsIdentity,
    DatadogApplicationKey,
    FigmaRefreshUrl,
    GenericOverrides,
    GithubDeleteToken,
    GithubErrors,
    HubspotErrors,
    JiraCloudId,
    MailchimpDc,
    NotionBasicJson,
    QuickbooksRealm,
    RedditUserAgent,
    RefreshInvalidRequestIsInvalidGrant,
    RevokeBearerDelete,
    RevokeClientInBody,
    RevokeJsonBody,
    RevokeWithBearer,
    SalesforceInstanceUrl,
    ScopeAnswerAsList,
    ScopesNotSent,
    ShopifyPerShop,
    SlackErrors,
    SlackUserToken,
    TokenJsonBody,
    TwitchClientId,
    TwitchErrors,
    TwitterBasicWhenConfidential,
    XeroTenants,
}
