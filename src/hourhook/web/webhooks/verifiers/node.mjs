import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const secret = process.env.SECRET;

createServer(async (request, response) => {
  // The signature is of the bytes as they arrive: verify before parsing.
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const expected = Buffer.from(createHmac("sha256", secret).update(body).digest("hex"));
  const given = Buffer.from(request.headers["x-noko-signature"] ?? "");
  const isRight = given.length === expected.length && timingSafeEqual(given, expected);
  if (isRight) console.log(body.toString());
  response.writeHead(isRight ? 204 : 403).end();
}).listen(process.env.PORT ?? 9000);
