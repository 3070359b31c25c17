// Loaded before azurite, which takes every token for everything. What a machine's identity may do with the account's
// blobs stands in <folder>/<object id>.json, which the daemon writes as it mints that identity's tokens: {container:
// "read" | "write"}, with "" for all containers. Who has no such file is answered as azurite does.
const { readFileSync } = require("fs");
const { join } = require("path");
const server = require("https").Server.prototype;

function rightsOf(request) {
  const token = /^Bearer [^.]+\.([^.]+)\./.exec(request.headers.authorization || "");
  if (!token) return null;
  try {
    const oid = JSON.parse(Buffer.from(token[1], "base64url").toString()).oid;
    if (!/^[0-9a-f-]{36}$/i.test(oid)) return null;
    return JSON.parse(readFileSync(join(process.env.TFINFRA_RIGHTS, `${oid}.json`), "utf-8"));
  } catch {
    return null;
  }
}

function mayPass(request) {
  const rights = rightsOf(request);
  if (rights === null) return true;
  const container = decodeURIComponent(request.url.split("?")[0].split("/")[2] || "");
  const given = [rights[""], rights[container]];
  const reads = request.method === "GET" || request.method === "HEAD";
  return given.includes("write") || (reads && given.includes("read"));
}

const emit = server.emit;
server.emit = function (event, request, response) {
  if (event !== "request" || mayPass(request)) return emit.apply(this, arguments);
  // https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
  const code = "AuthorizationPermissionMismatch";
  const words = "This request is not authorized to perform this operation using this permission.";
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${words}</Message></Error>`;
  request.resume();
  response.writeHead(403, { "content-type": "application/xml", "x-ms-error-code": code });
  response.end(body);
  return true;
};
