const runtime = openAveConnectorRuntime({
  delegatedToken: token,
  target: "iris",
  targetOrigin: "https://irischat.app",
  onEvent: (event) => {
    console.log("Runtime event:", event);
  },
});

// Send a message
runtime.send({
  op: "infer",
  payload: {
    prompt: "What's the weather today?",
    model: "gpt-4"
  },
});
