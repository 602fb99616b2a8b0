import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSampleRef } from '../../../test/fakes/sample-refs.ts'
import { isLocketError, type LocketError } from '../vocabulary/errors.ts'
import { parseTemplate } from './parse.ts'
import type { Template } from './template.ts'

const REF = 'op://vault/item/field'
const UUID = '3832b656-a93b-45ad-bdfa-b267016802c3'

function parse(text: string | Uint8Array): Template {
  return parseTemplate(
    typeof text === 'string' ? new TextEncoder().encode(text) : text,
    parseSampleRef,
    'secret x',
  )
}

/** Returns the segments in a readable form: text unchanged, a secret as [reference|filter:arg:arg]. */
function shape(text: string): string[] {
  return parse(text).segments.map((segment) => {
    if (segment.kind === 'text') return new TextDecoder().decode(segment.bytes)
    return `[${[segment.ref.text, ...segment.filters.map(({ name, args }) => [name, ...args].join(':'))].join('|')}]`
  })
}

function refusal(text: string | Uint8Array): LocketError {
  try {
    parse(text)
  } catch (thrown) {
    if (isLocketError(thrown)) return thrown
    throw thrown
  }
  throw new assert.AssertionError({ message: `accepted: ${String(text)}` })
}

test('a tag is a reference in braces, with optional blanks, line breaks and one pair of quotes', () => {
  for (const tag of [
    `{{ ${REF} }}`,
    `{{${REF}}}`,
    `{{\n  ${REF}\t\n}}`,
    `{{ "${REF}" }}`,
    `{{'${REF}'}}`,
    `{{ " ${REF} " }}`,
  ]) {
    assert.deepEqual(shape(`a ${tag} b`), ['a ', `[${REF}]`, ' b'], tag)
  }
})

test('names with spaces, attributes and bare IDs are references', () => {
  assert.deepEqual(shape('{{ op://My Vault/Database (prod)/one-time password?attribute=otp }}'), [
    '[op://My Vault/Database (prod)/one-time password?attribute=otp]',
  ])
  assert.deepEqual(shape(`{{ ${UUID} }}`), [`[${UUID}]`])
  assert.deepEqual(shape('{{ op://clé/🔑/ключ }}'), ['[op://clé/🔑/ключ]'])
  assert.deepEqual(shape('{{ op://v/i/a{b}c }}'), ['[op://v/i/a{b}c]'])
})

test('an ID in braces that no provider takes is refused, and is text without braces', () => {
  const parseNone = () => undefined
  const bytes = (text: string) => new TextEncoder().encode(text)
  for (const tag of [`{{ ${UUID} }}`, `{{${UUID.toUpperCase()}|trim}}`, `x\n{{ "${UUID}" }}`]) {
    assert.throws(() => parseTemplate(bytes(tag), parseNone, 'secret x'), {
      code: 'ref_syntax',
      message:
        /^secret x: line \d, column 1: 3832b656.* is an id, and no provider that takes ids is chosen$/i,
    })
  }
  for (const text of [UUID, `{{ ${UUID}-1 }}`, `{{ .${UUID} }}`])
    assert.deepEqual(parseTemplate(bytes(text), parseNone, 'secret x').refs, [], text)
})

test('references are listed once, in the order in which they appear', () => {
  const { refs } = parse(`{{ op://v/i/b }} {{ op://v/i/a }} {{ "op://v/i/b" | base64 }}`)
  assert.deepEqual(
    refs.map((ref) => ref.text),
    ['op://v/i/b', 'op://v/i/a'],
  )
})

test('filters take words, numbers and quoted texts', () => {
  const table: [string, string][] = [
    ['| base64', 'base64'],
    ['|base64', 'base64'],
    ['| trim | base64', 'trim|base64'],
    ['|trim|base64', 'trim|base64'],
    ['| indent 4', 'indent:4'],
    ['| default text', 'default:text'],
    ['| default "two words"', 'default:two words'],
    ['| default \'it is "so"\'', 'default:it is "so"'],
    ['| default "say \\"hi\\" \\\\ \\n \\."', 'default:say "hi" \\ \\n \\.'],
    ['| default ""', 'default:'],
    ['| default "}} {{ | "', 'default:}} {{ | '],
    ['| get db.password', 'get:db.password'],
    ['| get "a.b" | default 0x|json', 'get:a.b|default:0x|json'],
    ['\n  | trim\n  | base64\n', 'trim|base64'],
    ['| default a}b', 'default:a}b'],
    ['| default clé', 'default:clé'],
  ]
  for (const [filters, expected] of table)
    assert.deepEqual(shape(`{{ ${REF} ${filters} }}`), [`[${REF}|${expected}]`], filters)
  assert.deepEqual(shape(`{{ "${REF}"|base64}}`), [`[${REF}|base64]`])
})

test('a text that is one reference without braces is that secret, blanks around it dropped', () => {
  for (const text of [REF, ` ${REF}\n`, `\r\n\t${REF}\r\n\r\n`, `\ufeff${REF}\n`]) {
    assert.deepEqual(shape(text), [`[${REF}]`])
    const [segment] = parse(text).segments
    assert.ok(segment?.kind === 'secret' && segment.raw === text, 'the raw tag is the whole text')
  }
  assert.deepEqual(shape(UUID), [`[${UUID}]`])
})

test('a reference without braces among other text is text', () => {
  for (const text of [`a ${REF}`, `"${REF}"`, `${REF}\n${REF}`, `url: ${REF}`])
    assert.deepEqual(shape(text), [text])
})

test('text that is not a known reference stays: Jinja, Go, Helm, unclosed and empty braces', () => {
  for (const text of [
    '',
    ' \n',
    '{{}}',
    '{{ }}',
    '{{ .Values.x }}',
    '{{- include "a.b" . | nindent 4 -}}',
    '{{ jinja | filter }}',
    '{{ jinja | filter("}}") }}',
    '{% if x %}{{ y }}{% endif %}',
    '{# {{ #}',
    '{{',
    '}}',
    '{{{',
    '{ { a } }',
    '{{ "a" ~ \'b\' }}',
    `{{ "it's }}`,
    '{{ https://example.com/a }}',
    '{{ | base64 }}',
    '{{ "" }}',
    '{{ "{{ }}" }}',
    'a { b',
    '{',
  ]) {
    const { segments, warnings } = parse(text)
    assert.equal(
      segments
        .map((segment) => (segment.kind === 'text' ? new TextDecoder().decode(segment.bytes) : '[]'))
        .join(''),
      text,
    )
    assert.deepEqual(warnings, [], text)
  }
})

test('an unclosed tag does not hide a later one', () => {
  assert.deepEqual(shape(`{{ {{ ${REF} }}`), ['{{ ', `[${REF}]`])
  assert.deepEqual(shape(`{{ a | b {{ ${REF} }}`), ['{{ a | b ', `[${REF}]`])
  assert.deepEqual(shape(`{{ "a {{ ${REF} }} b" }}`), ['{{ "a ', `[${REF}]`, ' b" }}'])
  assert.deepEqual(shape(`{{ op://v/i/x {{ ${REF} }}`), ['{{ op://v/i/x ', `[${REF}]`])
  assert.deepEqual(shape(`{{ op://v/i/x | base64 {{ ${REF} }}`), ['{{ op://v/i/x | base64 ', `[${REF}]`])
  assert.deepEqual(shape(`{{ "op://v/i/x }} "{{ ${REF} }}"`), ['{{ "op://v/i/x }} "', `[${REF}]`, '"'])
})

test('the innermost of more than two braces are the tag', () => {
  assert.deepEqual(shape(`{{{ ${REF} }}}`), ['{', `[${REF}]`, '}'])
  assert.deepEqual(shape(`{"a":{{{${REF}}}}}`), ['{"a":{', `[${REF}]`, '}}'])
})

test('quoted braces write braces', () => {
  assert.deepEqual(shape(`{{ "{{" }} x {{'}}'}}`), ['{{', ' x ', '}}'])
  assert.deepEqual(shape(`{{"{{"}} ${REF} {{ "}}" }}`), ['{{', ` ${REF} `, '}}'])
  assert.deepEqual(shape(`{{ "{{" | x }}`), [`{{ "{{" | x }}`])
})

test('a malformed reference of a known scheme is an error with line and column', () => {
  const error = refusal('first\nкл {{ op://vault }}\n')
  assert.equal(error.code, 'ref_syntax')
  assert.equal(error.message, 'secret x: line 2, column 4: "op://vault" has a part missing')
  assert.equal(error.hint, 'expected op://vault/item/field')
  assert.equal(
    refusal('\n op://vault\n').message,
    'secret x: line 2, column 2: "op://vault" has a part missing',
  )
  assert.match(
    refusal('{{ op://vault | base64 }}').message,
    /line 1, column 1: "op:\/\/vault" has a part missing$/,
  )
  assert.match(refusal('{{ "op://vault" }}').message, /has a part missing$/)
})

test('an unknown filter on a known reference is an error that names the nearest one', () => {
  const error = refusal(`\r\n  {{ ${REF} | bas64 }}`)
  assert.equal(error.code, 'template_syntax')
  assert.equal(error.message, `secret x: line 2, column 3: ${REF}: there is no filter "bas64"`)
  assert.equal(error.hint, 'did you mean base64?')
  assert.match(
    refusal(`{{ ${REF} | xxxxxxxx }}`).hint ?? '',
    /^filters are base64, .*; a \| inside a name is written %7C$/,
  )
})

test('wrong arguments and wrong punctuation are errors', () => {
  const table: [string, RegExp][] = [
    ['| base64 x', /filter base64 takes no argument, not 1$/],
    ['| indent', /filter indent takes one argument, not 0$/],
    ['| indent four', /filter indent takes a whole number from 0 to 999$/],
    ['| default two words', /filter default takes one argument, not 2$/],
    ['|', /there is no filter name after \|$/],
    ['| | base64', /there is no filter name after \|$/],
    ['| "base64"', /there is no filter name after \|$/],
    ['| default "open', /a quote is not closed on its line$/],
    ['| default "open\n"', /a quote is not closed on its line$/],
    ['| default"x"', /a space is missing before a quote$/],
    ['| default "x"y"', /a space is missing before a quote$/],
  ]
  for (const [filters, reason] of table) {
    const error = refusal(`{{ ${REF} ${filters} }}`)
    assert.equal(error.code, 'template_syntax', filters)
    assert.match(error.message.split(' (')[0] ?? '', reason)
  }
  assert.match(refusal(`${REF} | base64`).message, /has a filter but no braces$/)
})

test('an argument that is not UTF-8 is an error', () => {
  const bytes = new TextEncoder().encode(`{{ ${REF} | default x }}`)
  bytes[bytes.indexOf(0x78)] = 0xff
  assert.match(refusal(bytes).message, /an argument of its filters is not UTF-8 text$/)
})

test('all errors of a template are in one, the first twenty at length', () => {
  const { message } = refusal(`{{ op://a }}\n{{ ${REF} }}{{ ${REF} | nope }}\n  {{ op://b }}`)
  assert.equal(
    message.match(/line [0-9]+, column [0-9]+/g)?.join('; '),
    'line 1, column 1; line 2, column 28; line 3, column 3',
  )
  const many = refusal('{{ op://a }}\n'.repeat(1000)).message
  assert.equal(many.match(/ line /g)?.length, 20)
  assert.match(many, /; and 980 more in secret x$/)
})

test('without known schemes a stray tag is kept, and the warning shows its scheme only', () => {
  const table: [string, string][] = [
    [
      '\n {{ opp://vault/CANARY/y }}',
      'line 2, column 2: {{ opp://… is not a reference of a known provider and stays as it is',
    ],
    [
      '{{ opp://vault/x/y | base64 }}',
      'line 1, column 1: {{ opp://… is not a reference of a known provider and stays as it is',
    ],
    [
      `{{- ${REF} -}}`,
      'line 1, column 1: {{ op://… is not a reference of a known provider and stays as it is',
    ],
    [
      `{{ "${REF} }}`,
      'line 1, column 1: {{ op://… is not a reference of a known provider and stays as it is',
    ],
    [
      `{{ op://vault/\nitem/field }}`,
      'line 1, column 1: {{ op://… is not a reference of a known provider and stays as it is',
    ],
    [`x {{ ${REF} }`, 'line 1, column 3: {{ op://… has no closing braces and stays as it is'],
    [`x {{ ${REF} | base64 {{ a }}`, 'line 1, column 3: {{ op://… has no closing braces and stays as it is'],
  ]
  for (const [text, warning] of table) {
    assert.deepEqual(shape(text), [text])
    assert.deepEqual(parse(text).warnings, [warning])
  }
  const many = parse('{{ opp://a/b/c }}'.repeat(50)).warnings
  assert.equal(many.length, 21)
  assert.equal(many[20], 'and 30 more')
})

test('a tag that is longer than any reference is text', () => {
  const long = `op://v/i/${'x'.repeat(4096)}`
  assert.deepEqual(shape(long), [long])
  assert.deepEqual(shape(`{{ ${long} }}`), [`{{ ${long} }}`])
})

test('a bug in a parser of references is not taken for a mistake of the user', () => {
  const broken = () => {
    throw new TypeError('canary bug')
  }
  assert.throws(() => parseTemplate(new TextEncoder().encode('{{ a }}'), broken, 'x'), /canary bug/)
})
