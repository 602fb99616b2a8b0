import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { parseEnv } from 'node:util'
import * as fc from 'fast-check'
import { parse } from 'yaml'
import { AWKWARD, awkwardValue } from '../../../../test/support/awkward-values.ts'
import { parseDotenv } from '../dotenv.ts'
import { isLocketError } from '../../vocabulary/errors.ts'
import { ENV_FORMATS, misreadVariables, writeEnvironment } from './formats.ts'

type Read = (text: string) => Readonly<Record<string, string | undefined>>
type Values = readonly string[]

const MANY = 300

const named = (values: Values) => new Map(values.map((value, index) => [`V${index}`, value]))
const format = (name: string) => ENV_FORMATS.get(name) ?? assert.fail(`there is no format ${name}`)
const isHeld = (name: string) => (value: string) => format(name).obstacle?.('V0', value) === undefined

/**
 * Checks that the reader returns what the format wrote, for the fixed values together and for random ones.
 */
function roundTrips(name: string, read: Read, isExpected: (value: string) => boolean = () => true): void {
  const check = (given: Values) => {
    const values = given.filter(isHeld(name)).filter(isExpected)
    const variables = named(values)
    const seen = read(writeEnvironment(format(name), variables))
    for (const [key, value] of variables) assert.equal(seen[key], value, `${name} ${JSON.stringify(value)}`)
  }
  check(AWKWARD)
  fc.assert(fc.property(fc.array(awkwardValue, { maxLength: 6 }), check), { numRuns: MANY })
}

/** Returns all values of a run, random ones included, so that one process can read them all. */
function drawn(name: string): Values {
  return [...AWKWARD, ...fc.sample(awkwardValue, { numRuns: MANY, seed: 5 })].filter(isHeld(name))
}

test('json: through JSON.parse', () => {
  roundTrips('json', (text) => JSON.parse(text))
})

for (const version of ['1.1', '1.2'] as const) {
  test(`yaml: through a parser of YAML ${version}, names that mean a boolean too`, () => {
    roundTrips('yaml', (text) => parse(text, { version, maxAliasCount: 0 }))
    const text = writeEnvironment(
      format('yaml'),
      new Map([
        ['NO', 'a'],
        ['y', 'b'],
        ['null', 'c'],
        ['ON', 'd'],
      ]),
    )
    assert.deepEqual(parse(text, { version }), { NO: 'a', y: 'b', null: 'c', ON: 'd' })
  })
}

test('dotenv: through locket’s own reader', () => {
  roundTrips('dotenv', (text) =>
    Object.fromEntries(parseDotenv(text, 'x').map((entry) => [entry.name, entry.value])),
  )
})

for (const [reader, read] of [
  ['node --env-file', (text: string) => parseEnv(text)],
  ['dotenv of npm', readAsNpm],
] as const) {
  test(`dotenv: through ${reader}, except values that are listed as misread`, () => {
    const misread = (value: string) => format('dotenv').misreaders?.(value) ?? []
    roundTrips('dotenv', read, (value) => !misread(value).includes(reader))
    for (const value of ["it's \\", `'"`, "'$A", 'a\\', "it's\r"]) {
      if (!misread(value).includes(reader)) continue
      assert.notEqual(read(writeEnvironment(format('dotenv'), named([value])))['V0'], value, value)
    }
  })
}

test('dotenv: the misreaders of each variable are listed, and other formats have none', () => {
  const variables = new Map([
    ['A', 'plain'],
    ['B', "it's"],
    ['C', "it's\r"],
    ['D', "it's $5"],
    ['E', 'it is "$5"'],
    ['F', 'end\\'],
    ['G', 'a${b}c $d ${e'],
    ['H', '\\\\host'],
    ['I', 'a\\b ${e:f}'],
  ])
  assert.deepEqual(
    misreadVariables(format('dotenv'), variables),
    new Map([
      ['node --env-file', ['C', 'D', 'F']],
      ['dotenv of npm', ['D', 'F']],
      ['python-dotenv', ['D', 'F', 'G', 'H']],
    ]),
  )
  assert.equal(misreadVariables(format('json'), variables).size, 0)
})

test('docker-env-file: through a reader of Docker’s rules', () => {
  roundTrips('docker-env-file', readAsDocker)
})

for (const program of ['sh', 'bash']) {
  test(`shell: through ${program}, which runs nothing else in it`, () => {
    const values = drawn('shell')
    const text = writeEnvironment(format('shell'), named(values))
    const script = `${text}\nexec ${process.execPath} -p 'JSON.stringify(process.env)'`
    const seen = JSON.parse(run(program, ['-s'], script))
    for (const [key, value] of named(values)) assert.equal(seen[key], value, JSON.stringify(value))
  })
}

test('env: as the program env prints it', () => {
  const values = drawn('env')
  const words = [...named(values)].map(([name, value]) => `${name}=${value}`)
  // A command line has room for so much only.
  const printed = run('env', ['-i', ...words, 'env'])
  assert.equal(writeEnvironment(format('env'), named(values)), printed)
})

test('an empty environment is a text that the readers of each format accept', () => {
  const texts = [...ENV_FORMATS.values()].map((each) => [each.name, writeEnvironment(each, new Map())])
  const empty = { dotenv: '', env: '', shell: '', json: '{}\n', yaml: '{}\n', 'docker-env-file': '' }
  assert.deepEqual(Object.fromEntries(texts), empty)
})

test('a value that a format cannot hold: the error names variable and format, not the value', () => {
  const variables = new Map([
    ['A', 'canary\n1'],
    ['B', 'good'],
    ['C', 'canary\r'],
    ['D', 'x'.repeat(65_533)],
    ['E', 'x'.repeat(65_532)],
  ])
  const message = (name: string) => {
    try {
      return writeEnvironment(format(name), variables).length
    } catch (thrown) {
      return isLocketError(thrown) && thrown.code === 'unfit_value' ? thrown.message : thrown
    }
  }
  const hint = '(json, yaml and dotenv hold any name and any value)'
  assert.equal(
    message('docker-env-file'),
    [
      `A: the format docker-env-file cannot hold a line break ${hint}`,
      `C: the format docker-env-file cannot hold a carriage return at the end ${hint}`,
      `D: the format docker-env-file cannot hold a line of more than 65535 bytes ${hint}`,
    ].join('; '),
  )
  assert.equal(message('env'), 'A: the format env cannot hold a line break')
  for (const name of ['json', 'yaml', 'shell', 'dotenv']) assert.equal(typeof message(name), 'number')
})

test('names with dots and dashes are written in every format but shell, which names them', () => {
  const variables = new Map([
    ['discovery.type', 'single node'],
    ['x-y_Z.1', "it's"],
  ])
  const expected = Object.fromEntries(variables)
  const write = (name: string) => writeEnvironment(format(name), variables)
  const readDotenv = (text: string) =>
    Object.fromEntries(parseDotenv(text, 'x').map((entry) => [entry.name, entry.value]))
  assert.deepEqual(readDotenv(write('dotenv')), expected)
  assert.deepEqual({ ...parseEnv(write('dotenv')) }, expected)
  assert.deepEqual(readAsDocker(write('docker-env-file')), expected)
  assert.deepEqual(JSON.parse(write('json')), expected)
  assert.deepEqual(parse(write('yaml')), expected)
  assert.equal(write('env'), "discovery.type=single node\nx-y_Z.1=it's\n")
  assert.throws(() => write('shell'), {
    code: 'unfit_value',
    message:
      /^discovery\.type: the format shell cannot hold a name with a dot or a dash \(json, .*; x-y_Z\.1: /,
  })
})

/** As dotenv 16.4 of npm reads a file (lib/main.js, `parse`). */
function readAsNpm(text: string): Record<string, string> {
  const line =
    /(?:^|^)\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?(?:$|$)/gm
  const values: Record<string, string> = {}
  for (const [, name = '', written = ''] of text.replace(/\r\n?/gm, '\n').matchAll(line)) {
    const trimmed = written.trim()
    const value = trimmed.replace(/^(['"`])([\s\S]*)\1$/gm, '$2')
    values[name] = trimmed.startsWith('"') ? value.replace(/\\n/g, '\n').replace(/\\r/g, '\r') : value
  }
  return values
}

/**
 * Reads `--env-file` as docker/cli does: lines of at most 64 KiB, without blanks before names, without #
 * lines.
 */
function readAsDocker(text: string): Record<string, string> {
  const values: Record<string, string> = {}
  for (const line of text.split('\n')) {
    assert.ok(Buffer.byteLength(line) < 65_536, 'token too long')
    const content = line.replace(/\r$/, '').replace(/^\s+/, '')
    if (content === '' || content.startsWith('#')) continue
    const at = content.indexOf('=')
    const name = content.slice(0, at)
    assert.match(name, /^\S+$/)
    values[name] = content.slice(at + 1)
  }
  return values
}

function run(program: string, args: readonly string[], input = ''): string {
  const env = { PATH: process.env['PATH'] ?? '' }
  return execFileSync(program, args, { input, env, maxBuffer: 1e8, timeout: 30_000 }).toString()
}
