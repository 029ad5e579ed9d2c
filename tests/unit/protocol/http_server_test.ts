import assert from "node:assert/strict";
import { problemResponse } from "../../../protocol/http_server.ts";
import { ViperError } from "../../../protocol/problems.ts";

Deno.test("problemResponse() says when to try again, in whole seconds, where the error does", () => {
  const full = new ViperError("vm_limit_reached", "Cannot create VM", { retryAfterSeconds: 1.2 });
  assert.equal(problemResponse(full, "/").headers.get("retry-after"), "2");
  const other = new ViperError("vm_limit_reached", "Cannot create VM");
  assert.equal(problemResponse(other, "/").headers.get("retry-after"), null);
});

Deno.test("problemResponse() names the scheme of a key with 401 and no other", () => {
  const scheme = (error: ViperError) => problemResponse(error, "/").headers.get("www-authenticate");
  assert.equal(scheme(new ViperError("unauthorized", "Cannot accept the request")), "Bearer");
  assert.equal(scheme(new ViperError("forbidden", "Cannot accept the request")), null);
});
