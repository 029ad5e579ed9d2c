/** Requests that are answered, failed or changed on their way: schemas and operations. */
import * as z from "zod";
import { actionFields, done } from "./browser.ts";
import { headerLines, urlPattern } from "./emulation.ts";
import { operation } from "./operation.ts";

/** Mocks of all pages together. */
export const MOCKS_MAX = 100;
/** Characters of a body that a mock answers with. */
export const MOCK_BODY_LENGTH_MAX = 1_000_000;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const shape = {
  /** Of requests, whole: `*` stands for any characters, `?` for one. */
  url: urlPattern,
  method: z.string().regex(/^[A-Z]{1,16}$/, "a method is in capitals").optional(),
  /** Answer without the network, fail, or go on with other headers. */
  then: z.enum(["answer", "abort", "continue"]).default("answer"),
  status: z.int().min(200).max(599).optional(),
  /** Of the answer, or to put into the request. */
  headers: headerLines.default({}),
  body: z.string().max(MOCK_BODY_LENGTH_MAX).optional(),
  /** How the body is written here. */
  encoding: z.enum(["text", "base64"]).default("text"),
  /** It is gone when it was used so often. */
  times: z.int().min(1).max(1_000_000).optional(),
} as const;

/** A mock without its id. */
export type MockRule = z.output<z.ZodObject<typeof shape>>;

const listed = z.object({
  id: z.int(),
  /** The one page that it is for. */
  page: z.string().optional(),
  url: shape.url,
  method: shape.method,
  then: z.enum(["answer", "abort", "continue"]),
  status: shape.status,
  headers: headerLines,
  /** Characters of the body. */
  body_length: z.int(),
  /** How often it may be used yet. */
  times: z.int().optional(),
  /** How often it was used. */
  used: z.int(),
});

export const browserMock = operation({
  name: "browser.mock",
  summary:
    "Answer, fail or change the requests of some URLs; of mocks that fit a request, the last one counts",
  http: { method: "POST", path: "/v1/browser/mock", status: 200 },
  input: z.strictObject({ ...shape, ...actionFields })
    .refine(({ then, status, body }) => then === "answer" || (status ?? body) === undefined, {
      path: ["then"],
      message: "a status and a body are for an answer",
    })
    .refine(({ encoding, body = "" }) => encoding === "text" || BASE64.test(body), {
      path: ["body"],
      message: "it is not base64",
    }),
  output: done.extend({ id: z.int() }),
  errors: ["mock_limit_reached", "page_not_found", "timeout", "browser_unavailable"],
});

export const browserMocks = operation({
  name: "browser.mocks",
  summary: "List the mocks, the last one last",
  http: { method: "POST", path: "/v1/browser/mocks", status: 200 },
  input: z.strictObject({ timeout_ms: actionFields.timeout_ms }),
  output: z.object({ mocks: z.array(listed) }),
  errors: ["timeout", "browser_unavailable"],
});

export const browserClearMocks = operation({
  name: "browser.clear_mocks",
  summary: "Delete mocks: one, those of one page, or all",
  http: { method: "POST", path: "/v1/browser/clear-mocks", status: 200 },
  input: z.strictObject({ id: z.int().min(1).optional(), ...actionFields }),
  output: done.extend({ cleared: z.int() }),
  errors: ["mock_not_found", "page_not_found", "timeout", "browser_unavailable"],
});

/** About requests that are not left to the network; served by the agent. */
export const mockOperations = {
  mock: browserMock,
  mocks: browserMocks,
  clearMocks: browserClearMocks,
} as const;
