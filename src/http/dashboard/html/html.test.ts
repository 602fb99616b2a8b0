import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as holds, property, string } from 'fast-check'
import { flag, html } from './html.ts'

test('everything that is put in is escaped, in texts and in attributes', () => {
  const evil = `"><script>alert('x')</script>&amp;`
  const text = html`<p title="${evil}">${evil}</p>`.text
  assert.equal(
    text,
    '<p title="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;">&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;</p>',
  )
})

test('HTML, lists, numbers and nothing are put in as they are meant', () => {
  const items = ['<a>', 2].map((one) => html`<li>${one}</li>`)
  const list = html`<ul>
    ${items}${undefined}${false}
  </ul>`
  assert.equal(list.text.replaceAll(/\s*\n\s*/g, ''), '<ul><li>&lt;a&gt;</li><li>2</li></ul>')
  assert.equal(html`<input ${flag('checked', true)} />`.text, '<input checked />')
  assert.equal(html`<input ${flag('checked', false)} />`.text, '<input  />')
})

test('signs that cannot be seen are shown', () => {
  assert.equal(html`${'a\u202eb\u0000c\u200b\nd'}`.text, 'a\ufffdb\ufffdc\ufffd\nd')
})

test('a piece at a place where escaping is not enough is refused', () => {
  const piece = 'x'
  const rows: readonly (() => unknown)[] = [
    () =>
      html`<script>
        ${piece}
      </script>`,
    () =>
      html`<style>
        ${piece}
      </style>`,
    () => html`<a href=${piece}>x</a>`,
    () => html`<a href="${piece}">x</a>`,
    () => html`<a href="//${piece}">x</a>`,
    () => html`<a href="/${'/evil.example'}">x</a>`,
    () => html`<a href="/${'\\\\evil.example'}">x</a>`,
    () => html`<a href="javascript:${piece}">x</a>`,
    () => html`<a onclick="${piece}">x</a>`,
    () => html`<a style="${piece}">x</a>`,
    () => html`<a ${piece}>x</a>`,
    () => html`<a ${html`b`}>x</a>`,
    () => html`<a title="${html`b`}">x</a>`,
    () => html`<${piece}>`,
  ]
  for (const [index, make] of rows.entries()) assert.throws(make, { code: 'internal' }, String(index))
  assert.equal(html`<a href="/machines/${piece}?x=${piece}">x</a>`.text, '<a href="/machines/x?x=x">x</a>')
})

test('no text leaves its place', () => {
  holds(
    property(string({ unit: 'grapheme' }), (text) => {
      assert.doesNotMatch(html`${text}`.text, /[<>"']/)
    }),
  )
})
