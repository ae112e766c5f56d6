import { openAveConnectorSheet } from "@ave-id/embed";

openAveConnectorSheet({
  clientId: "YOUR_CLIENT_ID",
  redirectUri: "https://yourapp.com/callback",
  resource: "calendar:google",
  scope: "calendar.read",
  mode: "background",
  onSuccess: ({ redirectUrl }) => {
    window.location.href = redirectUrl;
  },
  onError: (error) => {
    // Background auth failed, fall back to user_present mode
    console.error("Silent authorization failed:", error);
  },
});
