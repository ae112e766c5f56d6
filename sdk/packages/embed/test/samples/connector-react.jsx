import { useState } from "react";
import { openAveConnectorSheet } from "@ave-id/embed";

function useConnectorAuth() {
  const [isAuthorizing, setIsAuthorizing] = useState(false);

  const authorizeResource = (resource, scope) => {
    setIsAuthorizing(true);

    openAveConnectorSheet({
      clientId: process.env.REACT_APP_AVE_CLIENT_ID,
      redirectUri: `${window.location.origin}/connector/callback`,
      resource,
      scope,
      mode: "user_present",
      onSuccess: ({ redirectUrl }) => {
        window.location.href = redirectUrl;
      },
      onError: (error) => {
        console.error("Authorization error:", error);
        setIsAuthorizing(false);
      },
      onClose: () => {
        setIsAuthorizing(false);
      },
    });
  };

  return { authorizeResource, isAuthorizing };
}

// Usage
function CalendarConnect() {
  const { authorizeResource, isAuthorizing } = useConnectorAuth();

  return (
    <button
      onClick={() => authorizeResource("calendar:google", "calendar.read calendar.write")}
      disabled={isAuthorizing}
    >
      {isAuthorizing ? "Authorizing..." : "Connect Google Calendar"}
    </button>
  );
}
