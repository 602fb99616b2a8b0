/** The style sheet: colours, the frame, lists and cards. Light and dark, from the width of a phone on. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --back: #f6f7f9; --card: #fff; --side: #fff; --line: #e2e5ea; --line-strong: #8a93a3;
  --text: #171b22; --dim: #566070; --accent: #4338ca; --accent-text: #fff; --accent-soft: #eceafd;
  --good: #0b6b3a; --good-soft: #e0f5e9; --bad: #a61b1b; --bad-soft: #fdeaea; --warn: #7a4b00;
  --warn-soft: #fdf1d8; --code: #f1f3f6; --shadow: 0 1px 2px rgb(16 24 40 / .06);
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0f1217; --card: #171b22; --side: #13171d; --line: #2a303a; --line-strong: #6d7787;
    --text: #e8ebf0; --dim: #a2acba; --accent: #a5a0fb; --accent-text: #14122e; --accent-soft: #262350;
    --good: #6fdc9f; --good-soft: #12301f; --bad: #ff9c9c; --bad-soft: #3a1717; --warn: #f3c566;
    --warn-soft: #352708; --code: #10141a; --shadow: none;
  }
}
*, *::before, *::after { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body {
  margin: 0; background: var(--back); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif;
}
h1, h2, h3 { line-height: 1.25; margin: 0; font-weight: 650; overflow-wrap: anywhere }
h1 { font-size: 1.6rem; letter-spacing: -.015em }
h2 { font-size: 1.05rem }
h3 { font-size: .95rem }
p { margin: 0 }
a { color: var(--accent); text-underline-offset: .18em }
code, pre, .mono { font-family: var(--mono); font-size: .88em; overflow-wrap: anywhere }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 6px }
main:focus { outline: none }
.icon {
  width: 1.25em; height: 1.25em; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8;
  stroke-linecap: round; stroke-linejoin: round; vertical-align: -.25em;
}
.skip { position: absolute; left: -999px; top: 8px; background: var(--card); padding: 8px 14px; z-index: 2 }
.skip:focus { left: 8px }
.frame { display: grid; grid-template-columns: 232px minmax(0, 1fr); min-height: 100vh }
.side {
  background: var(--side); border-right: 1px solid var(--line); padding: 20px 14px; display: flex;
  flex-direction: column; gap: 22px; position: sticky; top: 0; height: 100vh;
}
.brand {
  display: flex; align-items: center; gap: 9px; font-weight: 700; font-size: 1.15rem; color: var(--text);
  text-decoration: none; padding: 0 8px; letter-spacing: -.01em;
}
.brand .icon { color: var(--accent); width: 1.5em; height: 1.5em }
nav ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 2px }
nav a, .who a, .who button {
  display: flex; align-items: center; gap: 10px; padding: 8px 10px; border-radius: 8px; color: var(--dim);
  text-decoration: none; font-weight: 500;
}
nav a:hover, .who a:hover, .who button:hover { background: var(--back); color: var(--text) }
nav a[aria-current] { background: var(--accent-soft); color: var(--accent) }
.who { margin-top: auto; border-top: 1px solid var(--line); padding-top: 12px; display: grid; gap: 2px }
.who .name span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
main { grid-template-columns: minmax(0, 1fr); padding: 32px clamp(16px, 4vw, 48px) 64px; display: grid; gap: 24px; align-content: start; max-width: 1120px; min-width: 0 }
main > * { min-width: 0 }
.head { display: flex; gap: 16px; justify-content: space-between; align-items: flex-start; flex-wrap: wrap }
.head > div { min-width: 0 }
.lead { color: var(--dim); margin-top: 6px; max-width: 66ch }
.actions { display: flex; gap: 8px; flex-wrap: wrap; align-items: flex-start }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px;
  box-shadow: var(--shadow); display: grid; gap: 14px; min-width: 0; align-content: start;
  grid-template-columns: minmax(0, 1fr);
}
.card > * { min-width: 0 }
.card.flush { padding: 0; gap: 0; overflow: hidden }
.card.flush > h2 { padding: 16px 20px 12px }
.card > .foot { border-top: 1px solid var(--line); padding: 12px 20px }
.grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 190px), 1fr)) }
.two { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); align-items: start }
.figure { gap: 2px; text-decoration: none; color: inherit }
a.figure:hover { border-color: var(--accent) }
.figure .label { color: var(--dim); font-weight: 500 }
.figure .number { font-size: 1.9rem; font-weight: 680; letter-spacing: -.02em; font-variant-numeric: tabular-nums }
.figure .more { color: var(--dim); font-size: .9rem }
.empty { text-align: center; justify-items: center; padding: 44px 24px }
.empty p { color: var(--dim); max-width: 56ch }
.rows { list-style: none; margin: 0; padding: 0 }
.rows > li {
  display: flex; gap: 6px 14px; align-items: center; flex-wrap: wrap; padding: 12px 20px;
  border-top: 1px solid var(--line); position: relative;
}
.rows > li:first-child { border-top: 0 }
h2 + .rows > li:first-child { border-top: 1px solid var(--line) }
.rows .title { font-weight: 600; flex: 1 1 220px; min-width: 0; overflow-wrap: anywhere }
.rows .title a { text-decoration: none; color: var(--text) }
.rows .title a::after { content: ''; position: absolute; inset: 0 }
.rows > li:has(.title a:hover) { background: var(--back) }
.rows .sub { display: block; font-weight: 400; color: var(--dim); font-size: .9rem; overflow-wrap: anywhere }
.rows .meta { color: var(--dim); font-size: .9rem; white-space: nowrap }
.rows form { position: relative }
.rows .target { font-weight: 400 }
.rows .why { white-space: normal; max-width: 300px; overflow-wrap: anywhere }
.badge {
  display: inline-block; padding: 2px 10px; border-radius: 99px; font-size: .82rem; font-weight: 600;
  background: var(--code); color: var(--dim); white-space: nowrap;
}
.badge.good { background: var(--good-soft); color: var(--good) }
.badge.bad { background: var(--bad-soft); color: var(--bad) }
.badge.warn { background: var(--warn-soft); color: var(--warn) }
.badge.accent { background: var(--accent-soft); color: var(--accent) }
.note { padding: 12px 16px; border-radius: 10px; font-weight: 500; overflow-wrap: anywhere }
.note.good { background: var(--good-soft); color: var(--good) }
.note.bad { background: var(--bad-soft); color: var(--bad) }
.note.warn { background: var(--warn-soft); color: var(--warn) }
dl.facts { display: grid; grid-template-columns: minmax(110px, max-content) minmax(0, 1fr); gap: 8px 20px; margin: 0 }
dl.facts dt { color: var(--dim) }
dl.facts dd { margin: 0; overflow-wrap: anywhere }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .93rem }
th, td { text-align: left; padding: 9px 14px; border-top: 1px solid var(--line); vertical-align: top }
thead th { border-top: 0; color: var(--dim); font-weight: 600; white-space: nowrap; font-size: .85rem }
th:first-child, td:first-child { padding-left: 20px }
td { overflow-wrap: anywhere }
.alone { min-height: 100vh; max-width: 440px; margin: 0 auto; align-content: center; padding-block: 32px }
.alone .brand { justify-content: center; font-size: 1.35rem }
.alone .card { padding: 28px; gap: 18px }
.dim { color: var(--dim) }
.gap { margin-top: 14px }
@media (max-width: 760px) {
  .frame { grid-template-columns: minmax(0, 1fr); align-content: start }
  .side {
    position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); padding: 12px 14px;
    display: grid; grid-template-columns: 1fr auto; gap: 10px; align-items: center; min-width: 0;
  }
  nav { grid-column: 1 / -1; min-width: 0; overflow-x: auto; margin-inline: -14px; padding-inline: 14px }
  nav ul { display: flex }
  nav a { padding: 8px 12px; white-space: nowrap }
  nav a .icon { display: none }
  .who { margin: 0; border: 0; padding: 0; display: flex; grid-column: 2; grid-row: 1 }
  .who button span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  .who .name { max-width: 40vw }
  main { padding: 20px 16px 48px; gap: 18px }
  h1 { font-size: 1.35rem }
  dl.facts { grid-template-columns: minmax(0, 1fr); gap: 2px }
  dl.facts dd { margin-bottom: 8px }
}
@media (prefers-reduced-motion: no-preference) {
  a, button, .button, .card { transition: background-color .12s, border-color .12s, color .12s }
}
`
