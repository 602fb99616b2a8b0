import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSampleRef } from '../../../test/fakes/sample-refs.ts'
import { isLocketError } from '../vocabulary/errors.ts'
import { parseTemplate } from './parse.ts'

const REF = 'op://vault/item/field'

/** As routes have it: a parser that knows its schemes. */
const parseKnown = Object.assign((text: string) => parseSampleRef(text), {
  schemes: ['op', 'local', 'env', 'infisical'],
})

function strayIn(text: string): string {
  try {
    parseTemplate(new TextEncoder().encode(text), parseKnown, 'secret x')
  } catch (thrown) {
    if (isLocketError(thrown))
      return `${thrown.message}${thrown.hint === undefined ? '' : ` (${thrown.hint})`}`
    throw thrown
  }
  return 'accepted'
}

test('a reference in braces that are not a tag is an error with line and column, in every form', () => {
  const at = 'secret x: line 2, column 3: '
  const inBraces =
    /^secret x: line 2, column 3: op:\/\/ is in braces that are not a tag \(write \{\{ reference/
  for (const tag of [
    `{{- ${REF} -}}`,
    `{{ "${REF} }}`,
    `{{~ ${REF} ~}}`,
    `{{ (${REF}) }}`,
    `{{ x | default "${REF}" }}`,
    `{{ printf "%s" "${REF}" }}`,
    `{{/* ${REF} */}}`,
    `{{ OP:/v/i/f }}`,
    `{{ some+${REF}-x\n }}`,
    `{{ op://vault/\nitem/field }}`,
    `{{ "${REF}" "}}`,
    `{{ op://v/i/${'x'.repeat(4096)} }}`,
  ])
    assert.match(strayIn(`a\n  ${tag} b`).replace('OP', 'op'), inBraces, tag)
  for (const tag of [
    `{{ ${REF} }`,
    `{{ ${REF}`,
    `{{\n  ${REF} }\n and more`,
    `{{ ${REF} | base64 {{ a }}`,
    `{{ ${REF} {{ ${REF} }}`,
    `{{- "${REF}" -}`,
  ])
    assert.match(strayIn(`a\n  ${tag}`), /column 3: \{\{ op:\/\/… has no closing braces/, tag)
  assert.doesNotMatch(strayIn('{{- op://canary/CANARY/x -}}'), /canary/i)
  for (const [scheme, meant] of [
    ['opp', 'op'],
    ['oop', 'op'],
    ['locl', 'local'],
    ['loacl', 'local'],
    ['Locall', 'local'],
    ['enf', 'env'],
    ['infiscal', 'infisical'],
    ['infsiical', 'infisical'],
  ])
    assert.equal(
      strayIn(`a\n  {{ ${scheme}://v/i/f }}`),
      `${at}no provider has the scheme ${scheme}:// (did you mean ${meant}://?)`,
    )
})

test('braces of Helm, Jinja and Go templates without a known scheme stay as they are', () => {
  for (const text of [
    '{{ "https://example.com" }} {{ printf "oci://%s" .Values.registry }}',
    '{{ aws:///zone/i-1 }} {{ pop://x }} {{ ip://x }} {{ postgres://u:p@h/d }}',
    '{{ .Values.local }} {{ op }} {{ env: x }} {{ "local:" }} {{ a ? op:b }}',
    `{{ unclosed\n{ ${REF} }\n\n{% if x %} ${REF}`,
    `{{ closed }} ${REF} {{ "{{" }} ${REF} }}`,
    `{{ kopf://x }} {{ shop://x }}`,
    `{ ${REF} } \${${REF}}`,
  ])
    assert.equal(strayIn(text), 'accepted', text)
})

test('unclosed braces are searched once', () => {
  const text = '{{ a '.repeat(100_000) + ':/'.repeat(100_000)
  const since = performance.now()
  assert.equal(strayIn(text), 'accepted')
  assert.ok(performance.now() - since < 5000)
})
