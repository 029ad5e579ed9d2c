/**
 * Goal: pictures show what was asked for, to the pixel, in every format and size; what cannot be
 * drawn is refused.
 * Method: tables of calls through the typed client, against one real agent and Chrome; PNGs are
 * decoded and looked at.
 */
import assert from "node:assert/strict";
import type { InputOf } from "../../protocol/operation.ts";
import type { browserScreenshot } from "../../protocol/capture.ts";
import { decodePng } from "../png.ts";
import { serveSite, startAgent } from "./agent_fixture.ts";
import { type Bad, type Client, type Good, SHORT_MS, table } from "./agent_table.ts";
import { looked } from "./looked.ts";

const WIDTH = 1280;
/** Every 100 pixels down and across stands a mark of a colour that says how far. */
const MARKED = (width: number, height: number) =>
  `<style>body { margin: 0 } i { position: absolute; width: 10px; height: 10px }</style>
<div style="width: ${width}px; height: ${height}px"></div><script>
  const mark = (x, y, blue) => {
    const at = (x + y) / 100;
    document.body.insertAdjacentHTML("beforeend", "<i style='left: " + x + "px; top: " + y +
      "px; background: rgb(" + at % 256 + "," + (at >> 8) + "," + blue + ")'>");
  };
  for (let y = 0; y < ${height}; y += 100) mark(0, y, 7);
  for (let x = 100; x < ${width}; x += 100) mark(x, 0, 9);
</script>`;

const SITE = {
  "/tall": MARKED(WIDTH, 20_000),
  "/wide": MARKED(18_000, 720),
  "/huge": `<body style="margin: 0"><div style="height: 30000px">`,
  "/noise": `<body style="margin: 0"><canvas width="4000" height="4000"></canvas><script>
    const context = document.querySelector("canvas").getContext("2d");
    const noise = context.createImageData(4000, 4000);
    for (let at = 0; at < noise.data.length; at += 65536) {
      crypto.getRandomValues(noise.data.subarray(at, Math.min(at + 65536, noise.data.length)));
    }
    for (let at = 3; at < noise.data.length; at += 4) noise.data[at] = 255;
    context.putImageData(noise, 0, 0);</script>`,
  "/parts": `<body style="margin: 0; background: rgb(9, 9, 9)">
    <button style="position: absolute; left: 100px; top: 50px; width: 80px; height: 20px; border: 0;
      background: rgb(1, 2, 3)" id="near">Near</button>
    <div style="position: absolute; left: 10.5px; top: 3000.5px; width: 40px; height: 900px;
      background: rgb(4, 5, 6)" id="far"></div>
    <div style="position: absolute; left: 300px; top: 100px; width: 100px; height: 100px;
      overflow: scroll"><p style="margin: 500px 0; width: 50px; height: 50px;
      background: rgb(7, 8, 9)" id="inner"></p></div>
    <iframe style="position: absolute; left: 500px; top: 100px; border: 5px solid"
      srcdoc="<body style='margin: 0'><b style='position: absolute; left: 20px; top: 30px;
      width: 60px; height: 40px; background: rgb(10, 11, 12)' id='framed'></b>"></iframe>`,
  "/clear": `<p style="margin: 0; width: 50px; height: 50px; background: rgb(1, 2, 3)">`,
};

type Shot = InputOf<typeof browserScreenshot>;

async function pictureOf(client: Client, input: Shot) {
  const shot = await client.screenshot(input);
  const bytes = Uint8Array.fromBase64(shot.data);
  assert.equal(bytes.length, shot.byte_length);
  const picture = decodePng(bytes);
  assert.deepEqual([shot.width, shot.height], [picture.width, picture.height]);
  return picture;
}

Deno.test("screenshot() draws every part of a page that is taller or wider than 16,384", async () => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  for (const [path, width, height] of [["/tall", WIDTH, 20_000], ["/wide", 18_000, 720]] as const) {
    await agent.client.navigate({ url: site.url + path });
    const picture = await pictureOf(agent.client, { full_page: true });
    assert.deepEqual([picture.width, picture.height], [width, height]);
    for (let y = 0; y < height; y += 100) {
      assert.deepEqual(picture.pixel(5, y + 5), [y / 100 % 256, y / 100 >> 8, 7], `y ${y}`);
    }
    for (let x = 100; x < width; x += 100) {
      assert.deepEqual(picture.pixel(x + 5, 5), [x / 100 % 256, x / 100 >> 8, 9], `x ${x}`);
    }
  }
});

const PARTS: [title: string, input: Shot, size: [number, number], corner: number[]][] = [
  ["what the viewport shows", {}, [1280, 720], [9, 9, 9]],
  ["the whole page", { full_page: true }, [1280, 3901], [9, 9, 9]],
  ["an element", { selector: "#near" }, [80, 20], [1, 2, 3]],
  ["an element by its role", { role: "button", role_name: "near" }, [80, 20], [1, 2, 3]],
  ["an element by its text", { text: "Near" }, [80, 20], [1, 2, 3]],
  ["an element larger than the viewport", { selector: "#far" }, [41, 901], [4, 5, 6]],
  ["an element in a box that scrolls", { selector: "#inner" }, [50, 50], [7, 8, 9]],
  ["an element in a frame", { selector: "#framed" }, [60, 40], [10, 11, 12]],
  ["a clip", { clip: { x: 100, y: 50, width: 30, height: 10 } }, [30, 10], [1, 2, 3]],
  ["a clip below the viewport", { clip: { x: 12, y: 3100, width: 9, height: 9 } }, [9, 9], [
    4,
    5,
    6,
  ]],
  ["a clip that reaches out of the page", { clip: { x: 1270, y: 3895, width: 90, height: 90 } }, [
    10,
    6,
  ], [9, 9, 9]],
  ["more pixels", { selector: "#near", scale: 2.5 }, [200, 50], [1, 2, 3]],
  ["fewer pixels", { selector: "#near", scale: 0.5 }, [40, 10], [1, 2, 3]],
];

Deno.test("screenshot() draws the part of the page that is asked for", async (t) => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  for (const [title, input, size, corner] of PARTS) {
    await t.step(title, async () => {
      await agent.client.navigate({ url: `${site.url}/parts` });
      const picture = await pictureOf(agent.client, input);
      assert.deepEqual([picture.width, picture.height], size);
      const at = Math.min(3, Math.floor(picture.height / 2));
      assert.deepEqual(picture.pixel(at, at), corner);
    });
  }
  await t.step("the viewport, scrolled", async () => {
    await agent.client.evaluate({ expression: "scrollTo(0, 3000), 1" });
    const picture = await pictureOf(agent.client, {});
    assert.deepEqual([picture.width, picture.height], [1280, 720]);
    assert.deepEqual(picture.pixel(20, 100), [4, 5, 6]);
  });
  await t.step("with the pixels of its screen, unless others are asked for", async () => {
    await agent.client.viewport({ width: 400, height: 300, scale: 2 });
    await agent.client.evaluate({ expression: "scrollTo(0, 0), 1" });
    for (
      const [input, width, height] of [
        [{}, 800, 600],
        [{ scale: 1 }, 400, 300],
        [{ full_page: true }, 1620, 7802],
        [{ selector: "#near" }, 160, 40],
      ] as const
    ) {
      const picture = await pictureOf(agent.client, input);
      assert.deepEqual([picture.width, picture.height], [width, height]);
    }
    const { result } = await agent.client.evaluate({ expression: "devicePixelRatio" });
    assert.equal(result, 2);
    await agent.client.viewport({ width: 1280, height: 720 });
    await agent.client.evaluate({ expression: "scrollTo(0, 3000), 1" });
  });
  await t.step("and leaves the viewport as it was", async () => {
    const { result } = await agent.client.evaluate({
      expression: "[innerWidth, innerHeight, devicePixelRatio, scrollY]",
    });
    assert.deepEqual(result, [1280, 720, 1, 3000]);
  });
});

Deno.test("screenshot() leaves out the background, and paints it again afterwards", async () => {
  await using agent = await startAgent();
  await using site = serveSite(SITE);
  await agent.client.navigate({ url: `${site.url}/clear` });
  const clip = { x: 100, y: 100, width: 10, height: 10 };
  const without = await pictureOf(agent.client, { clip, omit_background: true });
  assert.deepEqual(without.pixel(5, 5), [0, 0, 0]);
  assert.equal(without.alpha(5, 5), 0);
  const withIt = await pictureOf(agent.client, { clip });
  assert.deepEqual([...withIt.pixel(5, 5), withIt.alpha(5, 5)], [255, 255, 255, 255]);
});

/** How files of a type begin; of WebP four bytes of length are left out. */
const MAGIC: Readonly<Record<string, RegExp>> = {
  "image/png": /^89504e470d0a1a0a/,
  "image/jpeg": /^ffd8ff/,
  "image/webp": /^52494646.{8}57454250/,
};

Deno.test("screenshot() answers with the bytes of the type that is accepted", async (t) => {
  await using agent = await startAgent();
  const shoot = (accept: string, body: object) =>
    agent.signedFetch(`${agent.baseUrl}/v1/browser/screenshot`, {
      method: "POST",
      headers: { accept, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const rows: [string, object, string][] = [
    ["image/png", {}, "image/png"],
    ["image/*", {}, "image/png"],
    ["image/*", { format: "webp" }, "image/webp"],
    ["image/jpeg", { quality: 10 }, "image/jpeg"],
    ["image/webp", { omit_background: true }, "image/webp"],
    ["image/webp;q=0.5,image/png;q=0.1", { full_page: true }, "image/webp"],
  ];
  for (const [accept, body, type] of rows) {
    await t.step(`${accept} with ${JSON.stringify(body)}`, async () => {
      const response = await shoot(accept, body);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("content-type"), type);
      assert.equal(response.headers.get("vary"), "Accept");
      assert.match((await response.bytes()).toHex(), MAGIC[type] ?? /^$/);
    });
  }
  await t.step("JSON where both would do", async () => {
    const response = await shoot("application/json, image/png", { format: "webp" });
    assert.equal(response.headers.get("vary"), "Accept");
    const { data, captured_at: _now, byte_length, ...rest } = await response.json();
    assert.deepEqual(rest, { format: "webp", full_page: false, width: 1280, height: 720 });
    assert.equal(Uint8Array.fromBase64(data).length, byte_length);
    assert.match(Uint8Array.fromBase64(data).toHex(), MAGIC["image/webp"] ?? /^$/);
  });
  await t.step("not_acceptable where another format is asked for", async () => {
    const response = await shoot("image/png", { format: "jpeg" });
    assert.equal(response.status, 406);
    assert.equal((await response.json()).code, "not_acceptable");
  });
});

table("screenshot() says what it cannot draw", (_site) => {
  const at = async (c: Client, html: keyof typeof SITE, input: Shot) => {
    await c.navigate({ url: `data:text/html,<!doctype html>${encodeURIComponent(SITE[html])}` });
    return await c.screenshot(input);
  };
  const good: Good[] = [[
    "a lower quality has fewer bytes",
    async (c) => {
      const [low, high] = [1, 100].map((quality) => c.screenshot({ format: "jpeg", quality }));
      return (await low!).byte_length < (await high!).byte_length;
    },
    true,
  ]];
  const bad: Bad[] = [
    [
      "no such element",
      (c) => looked((timeout_ms) => c.screenshot({ selector: "#absent", timeout_ms })),
      ...[
        "element_not_found" as const,
        /take a screenshot of "#absent"/,
      ] as const,
    ],
    [
      "a hidden element",
      (c) => looked((timeout_ms) => c.screenshot({ selector: "#hidden", timeout_ms })),
      ...[
        "element_not_actionable" as const,
        /it is not visible: it has no size/,
      ] as const,
    ],
    [
      "an unseen element",
      (c) => looked((timeout_ms) => c.screenshot({ selector: "#unseen", timeout_ms })),
      ...[
        "element_not_actionable" as const,
        /its style hides it/,
      ] as const,
    ],
    [
      "a moving element",
      (c) => looked((timeout_ms) => c.screenshot({ selector: "#moving", timeout_ms })),
      ...[
        "element_not_actionable" as const,
        /it is moving/,
      ] as const,
    ],
    ["no CSS", (c) => c.screenshot({ selector: "[" }), "selector_invalid", /valid selector/],
    ["a reference of nothing", (c) => c.screenshot({ ref: "e99" }), "ref_not_found", /e99/],
    [
      "a clip outside",
      (c) => c.screenshot({ clip: { x: 0, y: 1e6, width: 1, height: 1 } }),
      ...[
        "clip_outside_page" as const,
        /the page has 1280 by \d+ pixels, and none of them is in it/,
      ] as const,
    ],
    [
      "no clip",
      (c) => c.screenshot({ clip: { x: 0, y: 0, width: 0, height: 1 } }),
      ...[
        "invalid_request" as const,
        /clip\/width/,
      ] as const,
    ],
    [
      "two areas",
      (c) => c.screenshot({ full_page: true, selector: "#ok" }),
      ...[
        "invalid_request" as const,
        /one of full_page, clip, and an element/,
      ] as const,
    ],
    [
      "a clear JPEG",
      (c) => c.screenshot({ format: "jpeg", omit_background: true }),
      ...[
        "invalid_request" as const,
        /a JPEG cannot be transparent/,
      ] as const,
    ],
    [
      "no such format",
      (c) => c.screenshot({ format: "gif" as never }),
      "invalid_request",
      /format/,
    ],
    [
      "too many pixels",
      (c) => at(c, "/huge", { full_page: true }),
      ...[
        "result_too_large" as const,
        /would have 1280 by 30000 pixels, and may have 33554432 pixels/,
      ] as const,
    ],
    [
      "too many by scale",
      (c) => at(c, "/huge", { clip: { x: 0, y: 0, width: 1280, height: 2000 }, scale: 8 }),
      "result_too_large",
      /10240 by 16000/,
    ],
    [
      "a WebP that is too tall",
      (c) => at(c, "/huge", { format: "webp", clip: { x: 0, y: 0, width: 10, height: 16_384 } }),
      "result_too_large",
      /16383 pixels a side as webp/,
    ],
    [
      "too many bytes",
      (c) => at(c, "/noise", { full_page: true }),
      ...[
        "result_too_large" as const,
        /has at least \d{8} bytes/,
      ] as const,
    ],
    [
      "a page that does not answer",
      async (c) => {
        await c.evaluate({ expression: "setTimeout(() => { while (true); }), 1" });
        return await c.screenshot({ timeout_ms: SHORT_MS });
      },
      "timeout",
      /still waiting for/,
    ],
  ];
  return { good, bad };
});
