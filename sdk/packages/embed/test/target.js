// The target of the tests: an app that takes runtime requests, in every way that the contract knows.

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export async function answerAsTarget(world, url, request, body, response) {
  const cors = { "Access-Control-Allow-Origin": world.issuer, "Access-Control-Allow-Headers": "Content-Type, Authorization" };
  if (request.method === "OPTIONS") return [204, cors, ""];
  const token = request.headers.authorization?.replace(/^Bearer /, "");
  const { id, op, payload } = JSON.parse(body);
  world.calls.push({ id, op, payload, token, accept: request.headers.accept, cookie: request.headers.cookie, referer: request.headers.referer });
  const json = (status, value) => [status, { "Content-Type": "application/json", ...cors }, JSON.stringify(value)];
  switch (op) {
    case "echo":
    case "infer":
      return json(200, { said: payload });
    case "refuse":
      return json(403, { error: "access_denied", error_description: "not allowed here" });
    case "crash":
      return [500, { "Content-Type": "text/html", ...cors }, "broken"];
    case "text":
      return [200, { "Content-Type": "text/plain", ...cors }, "plain words"];
    case "empty":
      return [204, cors, ""];
    case "garbled":
      return [200, { "Content-Type": "application/json", ...cors }, "{not json"];
    case "leak":
      // The token in the clear, in a key, in escapes, and in a list.
      return [200, { "Content-Type": "application/json", ...cors }, `{"a":"Bearer ${token}","${token}":1,"b":["${[...token].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join("")}"]}`];
    case "leak-error":
      return json(401, { error: `bad ${token}`, error_description: `token ${token}` });
    case "redirect":
      return [307, { Location: `${world.hostile}/run`, ...cors }, ""];
    case "slow":
      await pause(5000);
      return json(200, { late: true });
  }
  response.writeHead(200, { "Content-Type": "text/event-stream", ...cors });
  if (op === "stream") {
    // Cut in the middle of a line, a line end and a letter of two bytes.
    const bytes = Buffer.from(`: hello\r\n\r\ndata: {"n":1}\r\n\r\ndata: two\r\ndata: lines é\r\n\r\nevent: note\ndata: {"token":"${token}"}\n\ndata: last`);
    for (let at = 0; at < bytes.length; at += 7) {
      response.write(bytes.subarray(at, at + 7));
      await pause(2);
    }
    return void response.end();
  }
  if (op === "stream-error") {
    response.write('data: 1\n\nevent: error\ndata: {"error":"quota","message":"enough"}\n\ndata: 2\n\n');
    return void response.end();
  }
  if (op === "endless") {
    response.write("data: 1\n\n");
    return;
  }
  response.end();
}
