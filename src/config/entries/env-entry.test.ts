import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collectEntries, environmentEntries, type EnvSettings } from './env-entry.ts'
import type { Layer } from '../layers/layers.ts'

const LAYER: Layer = new Map([
  ['env', { value: [], origin: 'flag --env' }],
  ['env-file', { value: [], origin: 'environment LOCKET_ENV_FILE' }],
  ['secret', { value: [], origin: 'flag --secret' }],
])

const settings = (env: string[], envFiles: string[] = [], secrets: string[] = []): EnvSettings => ({
  environment: { env, envFiles, fieldNames: 'upper' },
  secrets: { secrets },
})

function entriesOf(given: EnvSettings): unknown[] {
  return environmentEntries(given, LAYER).map((entry) => {
    if (entry.kind === 'file') return [entry.path, entry.origin]
    return [
      entry.name,
      entry.source.kind === 'file' ? `@${entry.source.path}` : entry.source.template,
      entry.origin,
    ]
  })
}

function problemsOf(given: EnvSettings): string[] {
  const problems: string[] = []
  collectEntries(given, LAYER, problems)
  return problems
}

test('files come first, then secrets, then variables and the files among them in the order given', () => {
  assert.deepEqual(
    entriesOf(settings(['A=1', '.env', 'A=2'], ['/etc/app.env'], ['S={{ x }}', '/etc/keys/K'])),
    [
      ['/etc/app.env', 'environment LOCKET_ENV_FILE'],
      ['S', '{{ x }}', 'flag --secret S'],
      ['K', '@/etc/keys/K', 'flag --secret K'],
      ['A', '1', 'flag --env A'],
      ['.env', 'flag --env'],
      ['A', '2', 'flag --env A'],
    ],
  )
})

test('a value is everything after the first equals sign: empty, a path or several lines', () => {
  const values = ['', '=x=', '/bin/sh', ' two\nlines, "quoted" ', '{{ op://a/b/c | default "=" }}']
  assert.deepEqual(
    entriesOf(settings(values.map((value) => `N=${value}`))),
    values.map((value) => ['N', value, 'flag --env N']),
  )
})

test('an at sign and a path is a template’s file; a path may hold an equals sign', () => {
  assert.deepEqual(entriesOf(settings(['K=@/etc/k', 'R=@a/b', './a=b.env', '/x y/a.env', '../.env'])), [
    ['K', '@/etc/k', 'flag --env K'],
    ['R', '@a/b', 'flag --env R'],
    ['./a=b.env', 'flag --env'],
    ['/x y/a.env', 'flag --env'],
    ['../.env', 'flag --env'],
  ])
})

test('a name may hold dots and dashes', () => {
  assert.deepEqual(entriesOf(settings(['discovery.type=single', 'A-B=1'], [], ['/etc/app.conf'])), [
    ['app.conf', '@/etc/app.conf', 'flag --secret app.conf'],
    ['discovery.type', 'single', 'flag --env discovery.type'],
    ['A-B', '1', 'flag --env A-B'],
  ])
})

test('in a TOML file a path behind an at sign must be absolute', () => {
  const origin = 'locket.toml line 1 env'
  const layer: Layer = new Map([['env', { value: [], origin, isFromToml: true }]])
  const problems: string[] = []
  assert.equal(collectEntries(settings(['A=@/a', 'B=@b']), layer, problems).length, 1)
  assert.deepEqual(problems, [
    `${origin} B: the path after @ must be absolute (a value that begins with @ can be given in a .env file)`,
  ])
})

test('errors are reported for each entry, without its text', () => {
  const wrong = [
    'A B=canary-1',
    '1A=canary-2',
    '.B=canary-3',
    'A=@{{ canary-4 }}',
    'A=@',
    '{{ canary-5 }}',
    'canary 6',
    '',
  ]
  const problems = problemsOf(settings(wrong, [''], ['canary-7', '/etc/app conf']))
  assert.deepEqual(
    problems.map((problem) => problem.replace(/ \(.*|: it may.*/, '')),
    [
      'environment LOCKET_ENV_FILE: the path of a .env file must not be empty',
      'flag --secret: write NAME=TEMPLATE or NAME=@/path/to/template',
      'flag --secret: app conf is not a valid name for a variable',
      'flag --env: A B is not a valid name for a variable',
      'flag --env: 1A is not a valid name for a variable',
      'flag --env: .B is not a valid name for a variable',
      ...Array(2).fill('flag --env A: a path must follow the @'),
      ...Array(2).fill('flag --env: write NAME=TEMPLATE, NAME=@/path/to/template or the path of a .env file'),
      'flag --env: the path of a .env file must not be empty',
    ],
  )
  assert.doesNotMatch(problems.join(), /canary/)
})
