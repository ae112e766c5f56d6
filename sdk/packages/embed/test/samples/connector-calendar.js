import { openAveConnectorSheet } from "@ave-id/embed";

function authorizeGoogleCalendar() {
  openAveConnectorSheet({
    clientId: "YOUR_CLIENT_ID",
    redirectUri: "https://yourapp.com/connector/callback",
    resource: "calendar:google",
    scope: "calendar.read calendar.write",
    mode: "user_present",
    onSuccess: ({ redirectUrl }) => {
      // Exchange authorization code for access token
      window.location.href = redirectUrl;
    },
    onError: (error) => {
      console.error("Calendar authorization failed:", error);
    },
    onClose: () => {
      console.log("User cancelled calendar authorization");
    },
  });
}
