import { openAveConnectorRuntime } from "@ave-id/embed";

function createAIRuntime(delegatedToken) {
  const runtime = openAveConnectorRuntime({
    delegatedToken,
    target: "iris",
    targetOrigin: "https://irischat.app",
    mode: "user_present",
    onEvent: (event) => {
      if (event.type === "response") {
        displayAIResponse(event.data);
      } else if (event.type === "error") {
        handleError(event.error);
      }
    },
  });

  return {
    ask: (prompt) => {
      runtime.send({
        op: "infer",
        payload: { prompt },
      });
    },
  };
}

// Usage
const ai = createAIRuntime(delegatedToken);
ai.ask("Explain quantum computing");
