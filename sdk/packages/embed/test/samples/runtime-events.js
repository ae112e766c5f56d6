import { openAveConnectorRuntime } from "@ave-id/embed";

const runtime = openAveConnectorRuntime({
  delegatedToken: "DELEGATED_TOKEN",
  target: "iris",
  targetOrigin: "https://irischat.app",
  mode: "user_present",
  onEvent: (event) => {
    switch (event.type) {
      case "response":
        console.log("Got response:", event.data);
        break;
      case "error":
        console.error("Runtime error:", event.error);
        break;
      case "complete":
        console.log("Operation complete");
        break;
      default:
        console.log("Unknown event:", event);
    }
  },
});
