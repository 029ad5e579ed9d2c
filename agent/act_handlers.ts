import type { actOperations } from "../protocol/act.ts";
import type { Handlers } from "../protocol/operation.ts";
import { namesElement } from "../protocol/target.ts";
import type { Call, HandlerOf } from "./action_runner.ts";
import { check, uncheck } from "./actions/check.ts";
import { click, doubleClick } from "./actions/click.ts";
import { drag } from "./actions/drag.ts";
import { evaluate } from "./actions/evaluate.ts";
import { fill } from "./actions/fill.ts";
import { focus } from "./actions/focus.ts";
import { hover } from "./actions/hover.ts";
import { press } from "./actions/press.ts";
import { scroll } from "./actions/scroll.ts";
import { selectOption } from "./actions/select_option.ts";
import { targetName } from "./actions/target.ts";
import { type } from "./actions/type.ts";
import { uploadFiles } from "./actions/upload_files.ts";
import { quote } from "./quote.ts";

/** Operations about what is done on a page. */
export function actHandlers(handler: HandlerOf): Handlers<typeof actOperations, Call> {
  return {
    click: handler((target) => `click ${targetName(target)}`, click),
    doubleClick: handler((target) => `double click ${targetName(target)}`, doubleClick),
    hover: handler((target) => `hover over ${targetName(target)}`, hover),
    drag: handler(
      ({ to, ...target }) => `drag ${targetName(target)} to ${targetName(to)}`,
      drag,
    ),
    type: handler((target) => `type into ${targetName(target)}`, type),
    fill: handler((target) => `fill ${targetName(target)}`, fill),
    press: handler(
      ({ key, ...target }) =>
        `press ${quote(key)}${namesElement(target) ? ` on ${targetName(target)}` : ""}`,
      press,
    ),
    selectOption: handler((target) => `select options of ${targetName(target)}`, selectOption),
    check: handler((target) => `check ${targetName(target)}`, check),
    uncheck: handler((target) => `uncheck ${targetName(target)}`, uncheck),
    scroll: handler(
      (target) => `scroll ${namesElement(target) ? `to ${targetName(target)}` : "the page"}`,
      scroll,
    ),
    uploadFiles: handler((target) => `put files into ${targetName(target)}`, uploadFiles),
    focus: handler((target) => `focus ${targetName(target)}`, focus),
    evaluate: handler(() => "evaluate the script", evaluate),
  };
}
