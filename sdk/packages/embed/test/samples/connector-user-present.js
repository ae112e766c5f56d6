import { openAveConnectorSheet } from "@ave-id/embed";

openAveConnectorSheet({
  clientId: "YOUR_CLIENT_ID",
  redirectUri: "https://yourapp.com/callback",
  resource: "calendar:google",
  scope: "calendar.read calendar.write",
  mode: "user_present",
  onSuccess: ({ redirectUrl }) => {
    window.location.href = redirectUrl;
  },
});
