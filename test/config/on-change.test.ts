import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actionText, parseOnChange, parseReloadLabel } from '../../src/core/reload/on-change.ts'
import { loadVolume } from './load-volume.ts'
import { problemOf, type Options } from './setting-rows.ts'

function daemon(env: Record<string, string> = {}, argv: readonly string[] = []) {
  return loadVolume(argv, env, '/nonexistent/locket.toml').daemon
}

const onChange = (text: string) => daemon().volumeConfig({ 'on-change': text }).onChange
const problem = (options: Options) => problemOf(() => daemon().volumeConfig(options))

test('on-change: signal, restart, exec, touch and off; off by default', () => {
  assert.deepEqual(onChange('signal:SIGHUP'), { kind: 'signal', signal: 'SIGHUP' })
  assert.deepEqual(onChange('signal:usr1'), { kind: 'signal', signal: 'SIGUSR1' })
  assert.deepEqual(onChange('signal:rtmin+3'), { kind: 'signal', signal: 'SIGRTMIN+3' })
  assert.deepEqual(onChange('Restart'), { kind: 'restart' })
  assert.deepEqual(onChange("exec:sh -c 'kill -HUP 1'"), {
    kind: 'exec',
    command: ['sh', '-c', 'kill -HUP 1'],
  })
  assert.deepEqual(onChange('touch:.reload'), { kind: 'touch', file: '.reload' })
  assert.equal(onChange('off'), 'off')
  assert.equal(daemon().volumeConfig({}).onChange, 'off')
  const byDefault = daemon({ LOCKET_VOLUME_DEFAULT_ON_CHANGE: 'restart' })
  assert.deepEqual(byDefault.volumeConfig({}).onChange, { kind: 'restart' })
  assert.equal(byDefault.volumeConfig({ 'on-change': 'off' }).onChange, 'off')
})

test('on-change: another word, signal or command is refused by name, with advice', () => {
  const said = (text: string) => problem({ 'on-change': text })
  assert.match(said('reload'), /^driver option on-change: must be signal:SIGHUP, restart, exec:COMMAND,/)
  assert.match(said('restart:10'), /must be signal:SIGHUP/)
  assert.match(said('signal:SIGHUB'), /did you mean signal:SIGHUP\?/)
  for (const signal of ['', 'SIGKILL', 'SIGSTOP', 'RTMIN+31', '9'])
    assert.match(said(`signal:${signal}`), /needs a signal that a program can handle/, signal)
  assert.match(said('exec:'), /needs a command, like exec:nginx -s reload/)
  assert.match(said(`exec:sh -c 'x`), /has a ' that is not closed/)
  assert.match(said(`exec:${'x'.repeat(5000)}`), /at most 4096 characters/)
})

test('touch: takes the plain name of a file that is not a secret, and not a folder of one', () => {
  for (const name of ['', '.', '..', 'a/b', '/a', 'a\nb', 'x'.repeat(256)])
    assert.match(problem({ 'on-change': `touch:${name}` }), /needs the plain name of a file/, name)
  const options = { 'secret.a': 'x', 'secret.certs/key': 'y' }
  const message = /^driver option on-change: (a|certs) is a secret of the volume: name another file$/
  assert.match(problem({ ...options, 'on-change': 'touch:a' }), message)
  assert.match(problem({ ...options, 'on-change': 'touch:certs' }), message)
  assert.equal(problem({ ...options, 'on-change': 'touch:key' }), '')
  const byDefault = daemon({ LOCKET_VOLUME_DEFAULT_ON_CHANGE: 'touch:a' })
  assert.match(
    problemOf(() => byDefault.volumeConfig(options)),
    /LOCKET_VOLUME_DEFAULT_ON_CHANGE: a is a secret of the volume/,
  )
})

test('the socket of the engine: none by default, a fixed place in a managed plugin', () => {
  assert.equal(daemon().dockerSocket, undefined)
  assert.equal(daemon({}, ['--managed']).dockerSocket, '/run/docker-engine.sock')
  assert.match(problem({ 'docker-socket': '/run/docker.sock' }), /is a setting of the daemon/)
})

test('a label: off, signal and restart; a command where the volume has one; never touch', () => {
  const restart = { kind: 'restart' } as const
  const exec = { kind: 'exec', command: ['true'] } as const
  assert.equal(parseReloadLabel('off', restart), 'off')
  assert.deepEqual(parseReloadLabel('signal:HUP', restart), { kind: 'signal', signal: 'SIGHUP' })
  assert.deepEqual(parseReloadLabel('restart', exec), restart)
  assert.deepEqual(parseReloadLabel('exec:id', exec), { kind: 'exec', command: ['id'] })
  assert.throws(() => parseReloadLabel('exec:id', restart), /only where on-change of the volume does so/)
  assert.throws(() => parseReloadLabel('touch:x', exec), /cannot touch a file of the volume/)
  assert.throws(() => parseReloadLabel('of', exec), /must be signal:SIGHUP/)
})

test('an action is shown as a user writes it', () => {
  for (const text of ['signal:SIGHUP', 'restart', 'exec:nginx -s reload', 'touch:.reload']) {
    const action = parseOnChange(text)
    assert.ok(action !== 'off')
    assert.equal(actionText(action), text)
  }
})
