import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const key = Buffer.from(process.env.SECRET.replace(/^whsec_/, ""), "base64");

function isGenuine(headers, body) {
  const { "webhook-id": id = "", "webhook-timestamp": timestamp = "", "webhook-signature": signatures = "" } = headers;
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return false;
  const digest = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  // There are two signatures while a secret is being changed.
  return signatures.split(" ").some((signature) => isSame(`v1,${digest}`, signature));
}

function isSame(first, second) {
  const [a, b] = [Buffer.from(first), Buffer.from(second)];
  return a.length === b.length && timingSafeEqual(a, b);
}

createServer(async (request, response) => {
  // The signature is of the bytes as they arrive: verify before parsing.
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const genuine = isGenuine(request.headers, body);
  if (genuine) console.log(body.toString());
  response.writeHead(genuine ? 204 : 403).end();
}).listen(process.env.PORT ?? 9000);
