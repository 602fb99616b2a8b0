import assert from 'node:assert/strict'
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseEnv } from 'node:util'
import { parse } from 'yaml'
import { parseDotenv } from '../../src/core/text/dotenv.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { environmentWorld } from './environment-command.ts'

const CANARY = 'canary-export-7c1d'
const AWKWARD = `${CANARY} 'q' "d" $HOME #x\n\\ ü=`

test('variables of files, secrets and entries, later ones over earlier ones, as a .env file', async (t) => {
  const { locket, store, put } = await environmentWorld(t)
  await store('db/password', AWKWARD)
  await put('app.env', 'A=file\nB="{{ local://db/password }}!"\nC=local://db/password\n')
  await put('more.env', 'D=more\n')
  const key = await put('KEY', 'from a template: {{ local://db/password }}\n')
  const { code, stdout, stderr } = await locket([
    'export',
    '-e',
    'D=first',
    '--env=more.env',
    '--env-file',
    'app.env',
    '-e',
    'A=last, with a comma',
    '--secret',
    `S={{ local://db/password }}`,
    '--secrets',
    key,
    `--env=E=@${key}`,
    '-e',
    'EMPTY=',
  ])
  assert.equal(code, 0)
  // The values need escapes that these two readers do not know.
  const misread = /WARN export\.misread (node --env-file|dotenv of npm) reads .* variables=B,C,S,KEY,E$/gm
  assert.deepEqual(
    [...stderr.matchAll(misread)].map(([, reader]) => reader),
    ['node --env-file', 'dotenv of npm'],
  )
  const seen = Object.fromEntries(parseDotenv(stdout, 'x').map(({ name, value }) => [name, value]))
  const text = `from a template: ${AWKWARD}\n`
  assert.deepEqual(seen, {
    A: 'last, with a comma',
    B: `${AWKWARD}!`,
    C: AWKWARD,
    D: 'more',
    S: AWKWARD,
    KEY: text,
    E: text,
    EMPTY: '',
  })
})

test('every format, read by what it is for', async (t) => {
  const { locket, store, run } = await environmentWorld(t)
  const simple = `${CANARY} $x "y" #z`
  await store('many', AWKWARD)
  await store('one', simple)
  const args = (format: string) => [
    'export',
    '--format',
    format,
    '-e',
    'A={{ local://many }}',
    '-e',
    'B={{ local://one }}',
  ]
  const both = { A: AWKWARD, B: simple }
  assert.deepEqual(JSON.parse((await locket(args('json'))).stdout), both)
  assert.deepEqual(parse((await locket(args('yaml'))).stdout), both)
  const one = (format: string) => ['export', `--format=${format}`, '-e', 'B=local://one']
  assert.deepEqual({ ...parseEnv((await locket(one('dotenv'))).stdout) }, { B: simple })
  assert.equal((await locket(one('env'))).stdout, `B=${simple}\n`)
  assert.equal((await locket(one('docker-env-file'))).stdout, `B=${simple}\n`)
  const script = `eval "$("$@")" && exec ${process.execPath} -p 'JSON.stringify([process.env.A, process.env.B])'`
  const { program } = await environmentWorld(t)
  const shell = await run(['sh', '-c', script, 'sh', ...program, ...args('shell')])
  assert.deepEqual(JSON.parse(shell.stdout), [AWKWARD, simple], shell.stderr)
})

test('a value that a format cannot carry is an error of its variable, and nothing is written', async (t) => {
  const { locket, store, folder } = await environmentWorld(t)
  await store('many', AWKWARD)
  await store('nul', `${CANARY}\0`)
  const args = [
    'export',
    '--format=docker-env-file',
    '--output',
    'out',
    '-e',
    'GOOD=1',
    '-e',
    'A=local://many',
  ]
  const { code, stdout, stderr } = await locket(args)
  assert.deepEqual([code, stdout], [65, ''])
  assert.match(stderr, /^locket: A: the format docker-env-file cannot hold a line break \(json, yaml/)
  const nul = await locket(['export', '--format=json', '-e', 'N=local://nul'])
  assert.deepEqual([nul.code, nul.stdout], [65, ''])
  assert.match(nul.stderr, /^locket: flag --env N: the value holds a NUL byte, which no environment can \(/m)
  assertNoSecret(stderr + nul.stderr, [CANARY])
  assert.deepEqual(await readdir(folder), ['store'])
})

test('a file is written completely and privately, whatever was there before', async (t) => {
  const { locket, folder, put, store } = await environmentWorld(t)
  await store('a', CANARY)
  const path = await put('app.env', 'OLD=1\n')
  await chmod(path, 0o666)
  await symlink('app.env', join(folder, 'link.env'))
  const first = await locket(['export', '--output', 'link.env', '-e', `A=${CANARY}`])
  assert.deepEqual(first, { code: 0, stdout: '', stderr: '' })
  assert.equal(await readFile(path, 'utf8'), `A=${CANARY}\n`)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.ok((await lstat(join(folder, 'link.env'))).isSymbolicLink())
  await locket(['export', '-o', 'new.env', '-e', 'A=1'])
  assert.equal((await stat(join(folder, 'new.env'))).mode & 0o777, 0o600)
  const failed = await locket(['export', '--output', 'app.env', '-e', 'A={{ local://none }}'])
  assert.deepEqual([failed.code, failed.stdout], [66, ''])
  assert.match(failed.stderr, /local:\/\/none/)
  assert.equal(await readFile(path, 'utf8'), `A=${CANARY}\n`)
  await mkdir(join(folder, 'taken'))
  const taken = await locket(['export', '--output', 'taken', '-e', 'A=1'])
  assert.deepEqual(
    [taken.code, /cannot write taken: it is a folder/.test(taken.stderr)],
    [74, true],
    taken.stderr,
  )
  assert.deepEqual((await readdir(folder)).toSorted(), ['app.env', 'link.env', 'new.env', 'store', 'taken'])
})

test('a terminal sees no secret, unless it is asked to show them', async (t) => {
  const { store, run, program } = await environmentWorld(t)
  await store('a', CANARY)
  await store('escape', `\u001b]0;${CANARY}\u0007`)
  const onTerminal = (...args: string[]) =>
    run(['script', '-qec', [...program, 'export', ...args].map((word) => `'${word}'`).join(' '), '/dev/null'])
  const refused = await onTerminal('-e', 'A=local://a')
  assert.equal(refused.code, 64)
  assert.match(refused.stdout, /secrets are not printed to a terminal \(--show prints them anyway/)
  assertNoSecret(refused.stdout, [CANARY])
  const shown = await onTerminal('--show', '-e', 'A=local://a')
  assert.deepEqual([shown.code, shown.stdout], [0, `A=${CANARY}\r\n`])
  const escape = await onTerminal('--show', '-e', 'A=local://escape')
  assert.match(escape.stdout, /a terminal cannot show \(send them to a file or a pipe\)/)
  assertNoSecret(escape.stdout, [CANARY])
})

test('what is wrong is one line and no output', async (t) => {
  const { locket, put } = await environmentWorld(t)
  const none = await locket(['export'])
  assert.deepEqual([none.code, none.stdout], [64, ''])
  assert.match(none.stderr, /^locket: there is no variable to export \(name some with --env/)
  const wrong = await locket(['export', '-e', `A B=${CANARY}`, '-e', `A=@{{${CANARY}}}`])
  assert.equal(wrong.code, 78)
  assert.match(
    wrong.stderr,
    /^locket: 2 settings are wrong:\n {2}flag --env: A B is not a valid name for a variable/,
  )
  const format = await locket(['export', '--format=xml', '-e', 'A=1'])
  assert.match(format.stderr, /flag --format: must be one of dotenv, env, shell, json, yaml, docker-env-file/)
  await put('bad.env', `A=1\n${CANARY}\n`)
  const line = await locket(['export', '--env=bad.env'])
  assert.match(line.stderr, /^locket: flag --env: bad\.env: line 2: a line must be NAME=VALUE/)
  assertNoSecret([wrong, format, line].map(({ stdout, stderr }) => stdout + stderr).join(''), [CANARY])
})

test('a reader that takes only the beginning ends the command without an error', async (t) => {
  const { program, run } = await environmentWorld(t)
  const line = `${program.join(' ')} export -e A=${'x'.repeat(100_000)} | head -c 1; exit \${PIPESTATUS[0]}`
  assert.deepEqual(await run(['bash', '--norc', '-c', line]), { code: 0, stdout: 'A', stderr: '' })
})
