/** The style sheet of forms, buttons and texts to copy. */
export const FORM_STYLE = `
form.stack { display: grid; gap: 16px; justify-items: start }
form.stack > * { width: 100% }
form.stack > button:not(.wide), form.stack > .buttons { width: auto }
form.row, .buttons { display: flex; gap: 10px; flex-wrap: wrap; align-items: flex-end }
.field { display: grid; gap: 5px; min-width: 0 }
form.row .field { flex: 1 1 200px }
label, legend { font-weight: 600; padding: 0 }
.hint { color: var(--dim); font-size: .9rem }
input:not([type]), input[type=text], input[type=password], input[type=search], select, textarea {
  font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line-strong);
  border-radius: 8px; padding: 8px 12px; width: 100%; min-width: 0; min-height: 42px;
}
select { padding-right: 8px }
textarea { font-family: var(--mono); font-size: .9rem; min-height: 130px; resize: vertical }
input:focus-visible, select:focus-visible, textarea:focus-visible { outline-offset: 0 }
fieldset { border: 0; margin: 0; padding: 0; display: grid; gap: 10px; min-width: 0 }
.ticks {
  border: 1px solid var(--line); border-radius: 10px; max-height: 420px; overflow-y: auto; list-style: none;
  margin: 0; padding: 0;
}
.ticks li { border-top: 1px solid var(--line) }
.ticks li:first-child { border-top: 0 }
.tick { display: flex; gap: 12px; align-items: center; padding: 9px 14px; font-weight: 500; cursor: pointer; min-width: 0 }
.tick:hover { background: var(--back) }
.tick > span { min-width: 0; overflow-wrap: anywhere }
.tick .sub { display: block; color: var(--dim); font-weight: 400; font-size: .86rem }
input[type=checkbox] { width: 18px; height: 18px; accent-color: var(--accent); flex: none; margin: 0 }
.tick.all { border: 1px solid var(--line); border-radius: 10px; background: var(--back) }
button, .button {
  font: inherit; font-weight: 600; border: 1px solid var(--accent); background: var(--accent);
  color: var(--accent-text); border-radius: 8px; padding: 8px 16px; cursor: pointer; min-height: 42px;
  display: inline-flex; align-items: center; gap: 8px; text-decoration: none; white-space: nowrap;
}
button:hover, .button:hover { filter: brightness(1.08) }
button.second, .button.second { background: var(--card); color: var(--text); border-color: var(--line-strong) }
button.danger, .button.danger { background: var(--card); color: var(--bad); border-color: var(--bad) }
button.danger.full { background: var(--bad); color: var(--card) }
button.quiet { background: none; border-color: transparent; width: 100%; min-height: 0 }
button.small { min-height: 34px; padding: 4px 12px; font-size: .9rem }
form#remove { display: none }
summary { cursor: pointer }
summary h2 { display: inline }
[hidden] { display: none !important }
.sure > summary { list-style: none; width: max-content; max-width: 100% }
.sure > summary::-webkit-details-marker { display: none }
.sure > .card { margin-top: 10px }
.sure[open] > summary { filter: brightness(.96) }
.copy { position: relative }
.copy pre {
  background: var(--code); border: 1px solid var(--line); border-radius: 10px; margin: 0; padding: 14px 16px;
  overflow-x: auto; line-height: 1.6; overflow-wrap: normal;
}
.copy button { position: absolute; top: 8px; right: 8px }
@media (max-width: 760px) { .copy button { position: static; margin-top: 8px } .steps.card { padding: 16px } }
.steps { margin: 0; padding: 0; list-style: none; display: grid; gap: 16px; counter-reset: step }
.steps > li { display: grid; grid-template-columns: 30px minmax(0, 1fr); gap: 14px; counter-increment: step }
.steps > li::before {
  content: counter(step); width: 30px; height: 30px; border-radius: 50%; background: var(--accent-soft);
  color: var(--accent); display: grid; place-items: center; font-weight: 700; font-size: .9rem;
}
.steps > li > div { display: grid; gap: 10px; min-width: 0; padding-top: 3px; grid-template-columns: minmax(0, 1fr) }
.steps.card { padding: 24px; gap: 28px }
.or { display: flex; align-items: center; gap: 12px; color: var(--dim); font-size: .9rem }
.or::before, .or::after { content: ''; height: 1px; background: var(--line); flex: 1 }
.wide { width: 100%; justify-content: center }
.rights { display: grid; gap: 0 }
.matrix td, .matrix th { vertical-align: middle }
.matrix td:not(:first-child), .matrix thead th:not(:first-child) { text-align: center }
.matrix tbody th { font-weight: 600 }
`
