// npm install express standardwebhooks
import express from "express";
import { Webhook } from "standardwebhooks";

const app = express();
const webhook = new Webhook(process.env.SECRET);

// The bytes as they arrived: express.raw() on this route, above any app.use(express.json()).
app.post("/", express.raw({ type: "application/json", limit: "5mb" }), (request, response) => {
  let payload;
  try {
    payload = webhook.verify(request.body, request.headers);
  } catch {
    return response.sendStatus(403);
  }
  console.log(payload);
  response.sendStatus(204);
});

app.listen(process.env.PORT ?? 9000);
