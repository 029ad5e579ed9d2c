import type { browserClearMocks, browserMock, browserMocks } from "../../protocol/mocks.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ActionContext } from "../action_runner.ts";
import { defined } from "./request_list.ts";

const WAITING_FOR = "Chrome to hold the requests";

/** Has requests answered, failed or changed from now on. */
export async function addMock(
  { page, timeout_ms: _, ...rule }: ParsedOf<typeof browserMock>,
  { emulations, deadline }: ActionContext,
): Promise<OutputOf<typeof browserMock>> {
  const id = emulations.mocks.add(rule, page, deadline.action);
  await deadline.race(WAITING_FOR, emulations.intercept(page));
  return { status: "ok", id };
}

/** All of them. */
export function listMocks(
  _: ParsedOf<typeof browserMocks>,
  { emulations }: Pick<ActionContext, "emulations">,
): Promise<OutputOf<typeof browserMocks>> {
  const mocks = emulations.mocks.list().map(({ id, pageId, used, rule }) => {
    const { body = "", encoding: _, times, method, status, ...told } = rule;
    const left = times === undefined ? undefined : times - used;
    const optional = defined({ page: pageId, method, status, times: left });
    return { id, ...told, ...optional, body_length: body.length, used };
  });
  return Promise.resolve({ mocks });
}

/** Deletes one, those of a page, or all. */
export async function clearMocks(
  { id, page }: ParsedOf<typeof browserClearMocks>,
  { emulations, deadline }: ActionContext,
): Promise<OutputOf<typeof browserClearMocks>> {
  const cleared = emulations.mocks.remove((mock) =>
    (id === undefined || mock.id === id) && (page === undefined || mock.pageId === page)
  );
  if (id !== undefined && cleared === 0) {
    throw new ViperError("mock_not_found", `Cannot ${deadline.action}: there is no mock ${id}`);
  }
  if (cleared > 0) await deadline.race(WAITING_FOR, emulations.intercept(undefined));
  return { status: "ok", cleared };
}
