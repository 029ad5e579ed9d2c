/** The page that the demo drives. */
export const DEMO_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Viper demo</title>
<style>
  body { margin: 0; font: 18px/1.5 "Liberation Sans", sans-serif; background: #10241c; color: #e6f4ec; }
  main { max-width: 560px; margin: 56px auto; padding: 32px 40px; border-radius: 16px; background: #173a2c; }
  h1 { margin: 0 0 4px; font-size: 40px; letter-spacing: 1px; color: #7be0a4; }
  button, input { font: inherit; padding: 8px 16px; border: 0; border-radius: 8px; }
  button { background: #7be0a4; color: #10241c; font-weight: bold; }
  input { width: 300px; }
  #echo { color: #ffd479; min-height: 27px; }
</style>
<main>
  <h1>Viper</h1>
  <p>This page came from the host. A browser in its own microVM renders it.</p>
  <p><button id="count">Click me</button> <span id="clicked">clicked 0 times</span></p>
  <p><label>Words <input id="words" placeholder="type here"></label></p>
  <p id="echo"></p>
  <p>Ελληνικά · Русский · العربية · עברית · हिन्दी · ไทย · 日本語 · 한국어 · 中文 · 🐍</p>
</main>
<script>
  let count = 0;
  const clicked = document.querySelector("#clicked");
  document.querySelector("#count").addEventListener("click", () => {
    count += 1;
    clicked.textContent = "clicked " + count + (count === 1 ? " time" : " times");
  });
  const words = document.querySelector("#words");
  words.addEventListener("input", () => {
    document.querySelector("#echo").textContent = words.value;
  });
</script>
</html>
`;
