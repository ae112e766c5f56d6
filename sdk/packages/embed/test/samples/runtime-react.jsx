import { useEffect, useRef, useState } from "react";
import { openAveConnectorRuntime } from "@ave-id/embed";

function useAveRuntime(delegatedToken, target, targetOrigin) {
  const runtimeRef = useRef(null);
  const [events, setEvents] = useState([]);

  useEffect(() => {
    if (!delegatedToken) return;

    runtimeRef.current = openAveConnectorRuntime({
      delegatedToken,
      target,
      targetOrigin,
      mode: "user_present",
      onEvent: (event) => {
        setEvents(prev => [...prev, event]);
      },
    });
  }, [delegatedToken, target, targetOrigin]);

  const send = (message) => {
    runtimeRef.current?.send(message);
  };

  return { send, events };
}

// Usage
function AIChat({ delegatedToken }) {
  const { send, events } = useAveRuntime(
    delegatedToken,
    "iris",
    "https://irischat.app"
  );

  const handleSend = (prompt) => {
    send({
      op: "infer",
      payload: { prompt },
    });
  };

  return (
    <div>
      {events.map((event, i) => (
        <div key={i}>{JSON.stringify(event)}</div>
      ))}
      <button onClick={() => handleSend("Hello")}>Send</button>
    </div>
  );
}
