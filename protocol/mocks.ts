/** Requests that are answered, failed or changed on their way: schemas and operations. */
import * as z from "zod";
import { done, oneOrAllPages, PAGE_ERRORS, pageId, timeoutMs } from "./browser.ts";
import { headerLines, urlPattern } from "./emulation.ts";
import { operation } from "./operation.ts";

/** Mocks of all pages together. */
export const MOCKS_MAX = 100;
/** Characters of a body that a mock answers with. */
export const MOCK_BODY_LENGTH_MAX = 1_000_000;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const shape = {
  url: urlPattern.describe(
    "URLs, as a whole, whose requests it is for: * stands for any characters, ? for one",
  ),
  method: z.string().regex(/^[A-Z]{1,16}$/, "a method is in capitals").optional()
    .describe("The only method that it is for, such as POST; left out: all"),
  then: z.enum(["answer", "abort", "continue"]).default("answer")
    .describe("Answer without the network, fail, or go on with other headers"),
  status: z.int().min(200).max(599).optional().describe("Status of the answer; left out: 200"),
  headers: headerLines.default({})
    .describe("Header lines by name, of the answer or to put into the request"),
  body: z.string().max(MOCK_BODY_LENGTH_MAX).optional()
    .describe("Body of the answer; left out: none"),
  encoding: z.enum(["text", "base64"]).default("text").describe("How the body is written here"),
  times: z.int().min(1).max(1_000_000).optional()
    .describe("How often it is used before it is gone; left out: any number of times"),
} as const;

/** A mock without its id. */
export type MockRule = z.output<z.ZodObject<typeof shape>>;

const mockId = z.int().describe("What to clear the mock by");

const listed = z.object({
  id: mockId,
  page: z.string().optional().describe("Id of the one page that it is for; left out: all"),
  url: shape.url,
  method: shape.method,
  then: z.enum(["answer", "abort", "continue"]),
  status: shape.status,
  headers: headerLines,
  body_length: z.int().describe("Characters of the body"),
  times: z.int().optional().describe("How often it may be used yet; left out: any number of times"),
  used: z.int().describe("How often it was used"),
});

export const browserMock = operation({
  name: "browser.mock",
  summary:
    "Answer, fail or change the requests of some URLs; of mocks that fit a request, the last one counts",
  http: { method: "POST", path: "/v1/browser/mock", status: 200 },
  input: z.strictObject({
    ...shape,
    ...oneOrAllPages,
  })
    .refine(({ then, status, body }) => then === "answer" || (status ?? body) === undefined, {
      path: ["then"],
      message: "a status and a body are for an answer",
    })
    .refine(({ encoding, body = "" }) => encoding === "text" || BASE64.test(body), {
      path: ["body"],
      message: "it is not base64",
    }),
  output: done.extend({ id: mockId }),
  errors: ["mock_limit_reached", ...PAGE_ERRORS],
});

export const browserMocks = operation({
  name: "browser.mocks",
  summary: "List the mocks, the last one last",
  http: { method: "POST", path: "/v1/browser/mocks", status: 200 },
  input: z.strictObject({ timeout_ms: timeoutMs }),
  output: z.object({ mocks: z.array(listed) }),
  errors: ["timeout", "browser_unavailable"],
});

export const browserClearMocks = operation({
  name: "browser.clear_mocks",
  summary: "Delete mocks: one, those of one page, or all",
  http: { method: "POST", path: "/v1/browser/clear-mocks", status: 200 },
  input: z.strictObject({
    id: z.int().min(1).optional()
      .describe("The one to delete; left out: all, or all of the page that is named"),
    page: pageId.optional().describe("Id of the page whose mocks are deleted; left out: all pages"),
    timeout_ms: timeoutMs,
  }),
  output: done.extend({ cleared: z.int().describe("How many were deleted") }),
  errors: ["mock_not_found", ...PAGE_ERRORS],
});

/** About requests that are not left to the network; served by the agent. */
export const mockOperations = {
  mock: browserMock,
  mocks: browserMocks,
  clearMocks: browserClearMocks,
} as const;
