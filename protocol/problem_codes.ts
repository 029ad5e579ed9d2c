/**
 * Everything that can go wrong, by code.
 *
 * @module
 */

/** What is the same of every problem of one code. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** What to do next, when that is the same each time. */
  readonly hint?: string;
}

/** Code → status and words. A code, once released, keeps its meaning. */
export const PROBLEMS = {
  invalid_json: { status: 400, title: "The request body is not valid JSON" },
  invalid_request: { status: 400, title: "The request does not match the schema" },
  unsupported_media_type: {
    status: 415,
    title: "The request body is not JSON",
    hint: "Send the header content-type: application/json",
  },
  not_acceptable: {
    status: 406,
    title: "The answer cannot be had in that media type",
    hint: "Accept application/json, or the media type of the format that the request names",
  },
  body_too_large: { status: 413, title: "The request body is too large" },
  route_not_found: { status: 404, title: "There is no such route" },
  method_not_allowed: { status: 405, title: "This route does not take that method" },
  too_many_failures: {
    status: 429,
    title: "Too many requests came with a key that is not valid",
    hint: "Wait as long as the header retry-after says, and check the key",
  },
  forbidden: {
    status: 403,
    title: "The key's role does not allow this",
    hint: "Use a key with a higher role; an admin makes one with: viper keys create",
  },
  forbidden_peer: {
    status: 403,
    title: "Requests from this address are refused",
    hint: "Call from an address in VIPER_API_ALLOW_CIDR",
  },
  unauthorized: { status: 401, title: "The request does not carry a valid key or signature" },
  signature_stale: { status: 401, title: "The request was signed too long ago" },
  forbidden_origin: {
    status: 403,
    title: "Requests from this origin or host name are refused",
    hint: "Call the daemon by its address or as localhost, and not from a foreign web page",
  },
  key_not_found: { status: 404, title: "There is no API key of that id" },
  key_exists: { status: 409, title: "An API key of that name exists" },
  key_limit_reached: {
    status: 409,
    title: "The daemon keeps as many API keys as it may",
    hint: "Delete a key, then try again",
  },
  ticket_limit_reached: {
    status: 503,
    title: "Too many tickets wait to be used",
    hint: "Tickets expire within seconds; try again then",
  },
  profile_not_found: { status: 404, title: "There is no profile of that name" },
  profile_exists: { status: 409, title: "A profile of that name exists" },
  profile_in_use: { status: 409, title: "A VM has the profile" },
  profile_read_only: { status: 409, title: "The VM does not write to a profile" },
  profile_limit_reached: {
    status: 409,
    title: "The daemon keeps as many profiles as it may",
    hint: "Delete a profile, then try again",
  },
  profile_too_large: { status: 413, title: "The profile is too large" },
  profile_key_missing: {
    status: 503,
    title: "The key that profiles are encrypted with cannot be read",
    hint: "Put the key file back; without it no profile can be read again",
  },
  profile_key_wrong: {
    status: 503,
    title: "The key file holds another key than the one that profiles are encrypted with",
    hint: "Put the right key file back, or name it with VIPER_PROFILE_KEY_FILE",
  },
  profile_damaged: { status: 500, title: "What is stored of the profile is damaged" },
  vm_not_found: { status: 404, title: "There is no VM of that name" },
  vm_exists: { status: 409, title: "A VM of that name exists" },
  vm_not_running: { status: 409, title: "The VM is not running" },
  vm_busy: { status: 409, title: "The VM's state does not allow this" },
  vm_start_failed: { status: 500, title: "The VM could not be started" },
  vm_limit_reached: {
    status: 503,
    title: "The host runs as many VMs as it may",
    hint: "Delete a VM or raise the limit, then try again",
  },
  capacity_exhausted: {
    status: 503,
    title: "The host has no memory or processors left for this VM",
    hint: "Delete a VM, ask for less, or wait with wait_ms, then try again",
  },
  queue_full: { status: 503, title: "Too many requests wait for room on this host" },
  idempotency_key_reused: {
    status: 422,
    title: "The Idempotency-Key was used for another request",
    hint: "Use a new key for a new request",
  },
  addresses_exhausted: {
    status: 503,
    title: "Every address of the subnet is leased",
    hint: "Delete a VM or configure a larger subnet, then try again",
  },
  runtime_unavailable: { status: 503, title: "This host cannot run that runtime" },
  state_locked: {
    status: 503,
    title: "Another program keeps the daemon's database locked",
    hint: "End what has the database open, such as sqlite3 or a backup, then try again",
  },
  disk_full: {
    status: 507,
    title: "The host's disk is full",
    hint: "Make room where the daemon keeps its state and its logs, then try again",
  },
  image_not_found: {
    status: 503,
    title: "There is no guest image",
    hint: "Build one with: viper images build",
  },
  image_build_failed: { status: 500, title: "The guest image could not be built" },
  agent_unreachable: { status: 502, title: "The VM's agent does not answer" },
  agent_timeout: { status: 504, title: "The VM's agent took too long" },
  devtools_unavailable: { status: 502, title: "The browser's DevTools do not answer" },
  devtools_refused: { status: 502, title: "The browser's DevTools refuse the connection" },
  upgrade_required: {
    status: 426,
    title: "This route takes WebSockets only",
    hint: "Open it with a WebSocket client, on a connection of HTTP/1.1",
  },
  event_id_invalid: { status: 400, title: "The event id is not a whole number" },
  element_not_found: { status: 404, title: "No element matches" },
  ref_not_found: {
    status: 404,
    title: "The reference names no element of the page any more",
    hint: "Take a new snapshot, and use its references",
  },
  element_not_actionable: { status: 409, title: "The element cannot be acted on" },
  key_unknown: {
    status: 400,
    title: "There is no such key",
    hint: "Name keys as KeyboardEvent.key does, such as Enter, ArrowDown or a; join chords with +",
  },
  clip_outside_page: { status: 422, title: "The part of the page is outside the page" },
  not_printable: { status: 422, title: "The page cannot be printed in that way" },
  selector_invalid: { status: 400, title: "The selector is not valid CSS" },
  page_not_found: {
    status: 404,
    title: "The browser has no such page",
    hint: "The pages there are: GET /v1/pages of the agent, or viper browser pages-list",
  },
  page_limit_reached: {
    status: 409,
    title: "The browser has as many pages as it may",
    hint: "Close a page, then try again",
  },
  history_end_reached: { status: 409, title: "The page's history ends there" },
  dialog_not_found: { status: 404, title: "The page shows no dialog" },
  dialog_open: {
    status: 409,
    title: "A dialog is open on the page and stops it",
    hint:
      "Answer it by browser.dialogs_accept or dialogs_dismiss, or all to come by dialogs_policy",
  },
  request_not_found: { status: 404, title: "There is no such request" },
  body_not_kept: { status: 410, title: "The body is not kept, or not any more" },
  trace_running: { status: 409, title: "Chrome records a trace already" },
  trace_not_running: { status: 409, title: "There is no trace to stop" },
  mock_limit_reached: { status: 409, title: "There may be no more mocks" },
  mock_not_found: { status: 404, title: "There is no such mock" },
  emulation_failed: { status: 422, title: "Chrome does not take that setting" },
  cookie_invalid: { status: 422, title: "Chrome does not take that cookie" },
  origin_not_open: {
    status: 409,
    title: "No frame of the page is of that origin",
    hint: "Go there first, or use profile/attach, which needs no page of it",
  },
  storage_full: { status: 507, title: "The origin may not store more" },
  database_blocked: {
    status: 409,
    title: "A page keeps a database open that is to be replaced",
    hint: "Attach the profile before a page goes to that origin",
  },
  origin_unreachable: { status: 422, title: "Chrome does not go to that origin" },
  permission_unknown: {
    status: 422,
    title: "Chrome knows no such permission",
    hint: "Name it as the Permissions API does, such as geolocation or clipboard-read",
  },
  permission_limit_reached: {
    status: 409,
    title: "There may be no more permissions",
    hint: "Take them back with reset-permissions, or name no origin",
  },
  download_not_found: { status: 404, title: "There is no such download" },
  download_not_complete: {
    status: 409,
    title: "The download is not complete",
    hint: "Wait for it: POST /v1/downloads/wait of the agent, or viper browser downloads-wait",
  },
  download_started: {
    status: 409,
    title: "The URL is a file, which is downloaded and not shown",
    hint: "Wait for it and fetch it: viper browser downloads-wait, then downloads-fetch",
  },
  navigation_failed: { status: 502, title: "The page could not be loaded" },
  script_failed: { status: 422, title: "The script threw an exception" },
  script_limit_reached: {
    status: 503,
    title: "As many scripts run as may",
    hint: "Wait until one has ended, then try again",
  },
  result_not_serializable: {
    status: 422,
    title: "The script's result is not a JSON value",
    hint: "Return plain data, such as numbers, strings, arrays and objects",
  },
  result_too_large: { status: 413, title: "The result is too large" },
  timeout: { status: 504, title: "The operation did not finish in time" },
  page_crashed: {
    status: 502,
    title: "The page crashed",
    hint: "Go on, on a new page; where the VM's memory ran out, give it more with memory_mb",
  },
  browser_unavailable: {
    status: 503,
    title: "The browser is not running",
    hint: "The agent restarts it; try again in a moment",
  },
  shutting_down: { status: 503, title: "The server is shutting down" },
  internal: { status: 500, title: "Something went wrong inside Viper" },
} as const satisfies Record<string, ProblemKind>;

/** A stable name of what went wrong. */
export type ProblemCode = keyof typeof PROBLEMS;
