import { refreshTokenServer } from "@ave-id/sdk/server";

const newTokens = await refreshTokenServer(
  {
    clientId: process.env.AVE_CLIENT_ID!,
    clientSecret: process.env.AVE_CLIENT_SECRET!,
    redirectUri: "https://yourapp.com/callback",
  },
  { refreshToken: storedRefreshToken }
);

// Replace stored refresh token immediately
await storeRefreshToken(newTokens.refresh_token);
