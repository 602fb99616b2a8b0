import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readComposeFile, type ComposeFile } from './file.ts'

function read(text: string, env: Record<string, string> = {}): ComposeFile {
  const file = readComposeFile(text, { env, drivers: ['other'] })
  assert.ok(file !== undefined, text)
  return file
}

function option(written: string): string | undefined {
  const file = read(`volumes: {v: {driver: locket, driver_opts: {x: ${written}}}}`)
  return file.problems.length === 0 ? file.volumes[0]?.options['x'] : undefined
}

/** Each scalar as Compose 2.40.3 passes it to the driver; undefined: Compose refuses it. */
const MEASURED: readonly (readonly [string, string | undefined])[] = [
  ['0700', '448'],
  ['0640', '416'],
  ['0o755', '493'],
  ['"0700"', '0700'],
  ['1e3', '1000'],
  ['1E3', '1000'],
  ['1_000', '1000'],
  ['1__0', '10'],
  ['0_7', '7'],
  ['_1', '_1'],
  ['0800', '800'],
  ['0x1F', '31'],
  ['0b11', '3'],
  ['0b12', '0b12'],
  ['1.5', '1.5'],
  ['1.0', '1'],
  ['1.', '1'],
  ['.5', '0.5'],
  ['+7', '7'],
  ['-07', '-7'],
  ['-0', '0'],
  ['.inf', '+Inf'],
  ['.nan', 'NaN'],
  ['1000:1000', '1000:1000'],
  ['10:30', '10:30'],
  ['yes', 'yes'],
  ['on', 'on'],
  ['=', '='],
  ['123456.5', '123456.5'],
  ['1e6', '1e+06'],
  ['1234567.0', '1.234567e+06'],
  ['1e21', '1e+21'],
  ['1e-7', '1e-07'],
  ['0.00001', '1e-05'],
  ['12345678901234567890', '12345678901234567890'],
  ['123456789012345678901234', '1.2345678901234569e+23'],
  ['!!str 0700', '0700'],
  ['!!int "0700"', '448'],
  ['!foo x', 'x'],
  ['true', undefined],
  ['TRUE', undefined],
  ['null', undefined],
  ['~', undefined],
  ['', undefined],
  ['2024-01-01', undefined],
  ['[1]', undefined],
  ['{a: 1}', undefined],
]

test('an option reaches the driver as Compose writes it', () => {
  for (const [written, expected] of MEASURED) assert.equal(option(written), expected, written)
  const { problems } = read('volumes: {v: {driver: locket, driver_opts: {watch: true}}}')
  assert.deepEqual(problems, [
    'volume v: driver_opts.watch must be a number or string, and is a boolean: write "true" in quotes',
  ])
})

test('volumes are those of our driver, with anchors, merge keys and variables', () => {
  const { volumes, warnings } = read(
    `
x-base: &base
  driver: locket
  driver_opts: &opts
    size: 1M
services: {a: {image: x}}
volumes:
  merged: {<<: *base, driver_opts: {<<: *opts, mode: "0700", __proto__: x}}
  anchored: *base
  tagged: {driver: "locket:0.1"}
  named: {driver: "\${DRIVER}", driver_opts: {user: $USER_ID, other: a$$b}}
  listed: {driver: other}
  local: {driver: local, driver_opts: {type: $NOT_ASKED}}
  plain:
  external: {external: true}
  similar: {driver: locketeer}
`,
    { DRIVER: 'locket' },
  )
  assert.deepEqual(
    volumes.map(({ name, options }) => [name, Object.entries(options)]),
    [
      [
        'merged',
        [
          ['size', '1M'],
          ['mode', '0700'],
          ['__proto__', 'x'],
        ],
      ],
      ['anchored', [['size', '1M']]],
      ['tagged', []],
      [
        'named',
        [
          ['user', ''],
          ['other', 'a$b'],
        ],
      ],
      ['listed', []],
    ],
  )
  assert.deepEqual(warnings, [
    'the variable USER_ID is not set and counts as empty',
    'volume similar: driver locketeer is not locket, did you mean locket?',
  ])
})

test('options of a provider service are lists of texts', () => {
  const { services, problems } = read(
    'services: {l: {provider: {type: locket, options: {a: 0700, b: [1, true, x, $$y], c: true, d: null, e: [[x]], f: []}}}, m: {provider: {type: model}}}',
  )
  assert.deepEqual(
    services.map(({ name, options }) => [name, Object.fromEntries(options)]),
    [['l', { a: ['448'], b: ['1', 'true', 'x', '$y'], c: ['true'], d: [], e: [], f: [] }]],
  )
  assert.deepEqual(
    problems,
    ['d', 'e'].map(
      (name) => `service l: options.${name} must be a boolean, number or string, or a list of these`,
    ),
  )
})

/** Each value of `environment:` as Compose 5.6.0 tells a provider; undefined: the variable is not set. */
const ENVIRONMENT: readonly (readonly [string, string | undefined])[] = [
  ['"{{ local://a/b }}"', '{{ local://a/b }}'],
  ['5', '5'],
  ['true', 'true'],
  ['1.5', '1.5'],
  ['0700', '448'],
  ['""', ''],
  ['', undefined],
  ['"pa$$w $${HOME}"', 'pa$w ${HOME}'],
  ['"$SHELL_ONE x"', 'one x'],
  ['"one {{ x }}\\ntwo\\n"', 'one {{ x }}\ntwo\n'],
]

test('variables of environment: are those that Compose tells a provider', () => {
  const service = (more: string) => {
    const { services, problems } = read(`services: {l: {provider: {type: locket}, ${more}}}`, {
      SHELL_ONE: 'one',
    })
    return { ...services[0], problems }
  }
  for (const [written, expected] of ENVIRONMENT)
    assert.equal(service(`environment: {X: ${written}}`).environment?.get('X'), expected, written)
  const listed = service('environment: ["A={{ local://a }},x=$$y", SHELL_ONE, UNSET, "E=", "D=b=c"]')
  assert.deepEqual(
    [...(listed.environment ?? [])],
    [
      ['A', '{{ local://a }},x=$y'],
      ['SHELL_ONE', 'one'],
      ['E', ''],
      ['D', 'b=c'],
    ],
  )
  assert.deepEqual(service('env_file: a.env').envFiles, ['a.env'])
  assert.deepEqual(service('env_file: [a.env, {path: "$SHELL_ONE"}, {path: c, required: false}]').envFiles, [
    'a.env',
    'one',
  ])
  const wrong = ['environment: x', 'environment: [1]', 'environment: {A: [canary]}', 'env_file: [[x]]']
  assert.deepEqual(
    wrong.flatMap((more) => service(more).problems),
    [
      'service l: environment must be a mapping or a list',
      'service l: environment must hold texts of the form NAME=VALUE',
      'service l: environment.A must be a boolean, number or string',
      'service l: env_file must hold paths',
    ],
  )
})

test('a file that is not a compose file is distinguished from a broken one', () => {
  for (const text of [
    '',
    'a: b',
    '[services]',
    'services: [a]',
    'x: {{ op://a/b/c }}\n',
    '{{ a: b',
    'volumes',
  ])
    assert.equal(readComposeFile(text, { env: {}, drivers: [] }), undefined, text)
  const cases: [string, RegExp][] = [
    ['volumes:\n  v: [canary\n', /^line 3, column 1: not valid YAML \(bad indent\)$/],
    ['services: {}\nvolumes:\n\tv: canary\n', /^line 3, column 1: not valid YAML \(tab as indent\)$/],
    ['volumes: {v: {driver: a, driver: canary}}', /^line 1, column 26: not valid YAML \(duplicate key\)$/],
    ['volumes: {v: *canary }', /^an alias without its anchor/],
    ['volumes: {}\n---\nvolumes: {}\n', /^line 2, column 1: a second document, which locket does not read$/],
    ['services: {}\nvolumes: canary', /^volumes must be a mapping$/],
    ['volumes: {v: {driver: locket, driver_opts: [canary]}}', /^volume v: driver_opts must be a mapping$/],
    [
      'volumes: {v: {driver: locket, driver_opts: {a: "${canary"}}}',
      /^volume v: driver_opts\.a has \$\{ without \}/,
    ],
    [`volumes: ${'['.repeat(20_000)}`, /not valid YAML|too many levels/],
    [bomb(), /too many aliases/],
  ]
  for (const [text, expected] of cases) {
    const { problems } = read(text)
    assert.equal(problems.length, 1, text.slice(0, 80))
    assert.match(problems.join(), expected)
    assert.ok(!problems.join().includes('canary'), problems.join())
  }
})

test('no text crashes it', () => {
  const words =
    'services: volumes: driver: locket provider: { } [ ] , &a *a <<: " !!int !!map 0x 1_ 0o - ~ ? | # $'
  const pieces = fc.constantFrom(...words.split(' '), ' ', '  ', '\n', '\t', '- ')
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      readComposeFile(`volumes:${parts.join('')}`, { env: {}, drivers: [] })
    }),
    { seed: 3, numRuns: 2000 },
  )
})

/** Returns one kilobyte of YAML whose nested aliases would expand to gigabytes. */
function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, level) => {
    const inside = level === 0 ? 'x' : `*a${level - 1}`
    return `x${level}: &a${level} [${Array.from({ length: 10 }, () => inside).join(', ')}]\n`
  })
  return `volumes: {}\n${levels.join('')}`
}
