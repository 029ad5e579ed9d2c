/// <reference lib="dom" />
import type { OutputOf, ParsedOf } from "../../protocol/operation.ts";
import type { browserMetrics } from "../../protocol/performance.ts";
import type { ActionContext } from "../action_runner.ts";
import { framesOf } from "../frames.ts";
import { plain } from "../plain.ts";
import { callInFrame } from "../world.ts";

type Answer = OutputOf<typeof browserMetrics>;

const MS_PER_SECOND = 1_000;

/** What Chrome counted, and what the page's own clock says. */
export async function metrics(
  _: ParsedOf<typeof browserMetrics>,
  { page, cdp, deadline }: ActionContext,
): Promise<Answer> {
  const [frame] = framesOf(page, cdp);
  if (frame === undefined) throw new Error("A page has a frame");
  const timing = await callInFrame(frame, deadline, timingOf);
  const vitals = await callInFrame(frame, deadline, vitalsOf);
  // Last, so that the work behind what the vitals tell of is counted.
  const counted = await deadline.race("Chrome's figures", page.metrics());
  const count = (name: keyof typeof counted) => counted[name] ?? 0;
  const ms = (name: keyof typeof counted) => Math.round(count(name) * MS_PER_SECOND);
  return {
    url: page.url(),
    ...(timing === null ? {} : { navigation: timing }),
    vitals,
    work: {
      documents: count("Documents"),
      frames: count("Frames"),
      nodes: count("Nodes"),
      event_listeners: count("JSEventListeners"),
      layouts: count("LayoutCount"),
      style_recalculations: count("RecalcStyleCount"),
      layout_ms: ms("LayoutDuration"),
      style_ms: ms("RecalcStyleDuration"),
      script_ms: ms("ScriptDuration"),
      task_ms: ms("TaskDuration"),
      heap_used_bytes: count("JSHeapUsedSize"),
      heap_total_bytes: count("JSHeapTotalSize"),
    },
  };
}

/** Runs in the page: the document's way here, https://www.w3.org/TR/navigation-timing-2/. */
function timingOf(): NonNullable<Answer["navigation"]> | null {
  const [entry] = self.performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  if (entry === undefined || entry.responseEnd === 0) return null;
  const round = (ms: number) => Math.round(ms * 10) / 10;
  const { domContentLoadedEventEnd: ready, loadEventEnd: loaded } = entry;
  return {
    type: entry.type,
    protocol: entry.nextHopProtocol,
    redirects: entry.redirectCount,
    response_start_ms: round(entry.responseStart),
    response_end_ms: round(entry.responseEnd),
    dom_interactive_ms: round(entry.domInteractive),
    ...(ready > 0 ? { dom_content_loaded_ms: round(ready) } : {}),
    ...(loaded > 0 ? { load_ms: round(loaded) } : {}),
    transfer_bytes: entry.transferSize,
    body_bytes: entry.decodedBodySize,
  };
}

/** Runs in the page: what browsers keep of it for those who ask later. */
function vitalsOf(): Answer["vitals"] {
  type Entry = PerformanceEntry & {
    readonly element?: Element | null;
    readonly value?: number;
    readonly hadRecentInput?: boolean;
    readonly interactionId?: number;
  };
  const keptOf = (type: string): readonly Entry[] => {
    const observer = new PerformanceObserver(() => {});
    observer.observe({ type, buffered: true });
    const entries = observer.takeRecords();
    observer.disconnect();
    return entries;
  };
  const round = (ms: number) => Math.round(ms * 10) / 10;
  const paints = Object.fromEntries(
    self.performance.getEntriesByType("paint").map((
      { name, startTime },
    ) => [name, round(startTime)]),
  );
  const describe = (element: Element) => {
    const { localName, id } = plain(element);
    return localName + (id ? `#${id}` : "");
  };
  const largest = keptOf("largest-contentful-paint").at(-1);
  const element = largest?.element;
  // Shifts that follow each other within a second belong together, for five seconds at most.
  let [shift, worst, began, last] = [0, 0, -Infinity, -Infinity];
  for (const { value = 0, startTime, hadRecentInput } of keptOf("layout-shift")) {
    if (hadRecentInput) continue;
    const isApart = startTime - last >= 1_000 || startTime - began >= 5_000;
    if (isApart) began = startTime;
    shift = isApart ? value : shift + value;
    last = startTime;
    worst = Math.max(worst, shift);
  }
  const interactions = keptOf("event").filter(({ interactionId }) => interactionId)
    .map(({ duration }) => duration);
  return {
    ...("first-paint" in paints ? { first_paint_ms: paints["first-paint"] } : {}),
    ...("first-contentful-paint" in paints
      ? { first_contentful_paint_ms: paints["first-contentful-paint"] }
      : {}),
    ...(largest === undefined ? {} : { largest_contentful_paint_ms: round(largest.startTime) }),
    ...(element
      ? {
        largest_contentful_paint_element: describe(element),
      }
      : {}),
    cumulative_layout_shift: Math.round(worst * 10_000) / 10_000,
    total_blocking_ms: Math.round(
      keptOf("longtask").reduce((sum, { duration }) => sum + duration - 50, 0),
    ),
    ...(interactions.length > 0 ? { longest_interaction_ms: Math.max(...interactions) } : {}),
  };
}
