import type { browserUploadFiles } from "../../protocol/act.ts";
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { ActionContext } from "../action_runner.ts";
import { setFiles } from "./fields.ts";
import { onTarget } from "./target.ts";

/** Puts files into a file field; it may be hidden, as many are. */
export async function uploadFiles(
  { files, ...target }: ParsedOf<typeof browserUploadFiles>,
  context: ActionContext,
): Promise<OutputOf<typeof browserUploadFiles>> {
  const { element, value } = await onTarget(target, context, setFiles, files);
  element[Symbol.dispose]();
  return { status: "ok", files: value };
}
