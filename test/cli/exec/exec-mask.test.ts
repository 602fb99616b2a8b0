import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { execWorld, PASSWORD, TOKEN } from './exec-command.ts'

test('values that a command prints into a pipe are masked, in every form, on both streams', async (t) => {
  const { exec, keep, folder } = await execWorld(t)
  await keep('json', `{"user":"me","password":"${TOKEN}"}`)
  const print = [
    'echo "plain $A"; echo "err $A" >&2',
    'echo "url $URL"',
    'printf %s "$A" | base64',
    'printf "user:%s" "$A" | base64',
    'printf %s "$A" | od -An -v -tx1 | tr -d " \\n"; echo',
    'cat "$0/out/field"; echo; echo "bare $B"',
  ].join('; ')
  const { code, stdout, stderr } = await exec([
    '--mask',
    '-e',
    'A={{ local://db/password }}',
    '-e',
    'URL=pg://u:{{ local://db/password }}@h',
    '--secret',
    'field={{ local://json | get "password" }}',
    '--out',
    `${folder}/out`,
    '-e',
    'B=no secret',
    '--',
    'sh',
    '-c',
    print,
    folder,
  ])
  assert.equal(code, 0)
  assertNoSecret(stdout + stderr, [PASSWORD, TOKEN])
  assert.match(stdout, /^plain \[secret\]\nurl pg:\/\/u:\[secret\]@h\n\[secret\]\n/)
  assert.match(stdout, /\n\[secret\]\n\[secret\]\nbare no secret\n$/)
  assert.match(stderr, /^err \[secret\]\n/m)
})

test('a value that a command prints byte by byte does not come through', async (t) => {
  const { exec } = await execWorld(t)
  const slowly = 'for (const byte of Buffer.from(process.env.A)) require("fs").writeSync(1, Buffer.of(byte))'
  const { stdout } = await exec([
    '--mask',
    '-e',
    'A={{ local://db/password }}',
    '--',
    process.execPath,
    '-e',
    `process.stdout.write("<"); ${slowly}; process.stdout.write(">")`,
  ])
  assert.equal(stdout, '<[secret]>')
})

test('without --mask output is not looked at', async (t) => {
  const { exec } = await execWorld(t)
  const { stdout } = await exec(['-e', 'A={{ local://db/password }}', '--', 'sh', '-c', 'echo $A'])
  assert.equal(stdout, `${PASSWORD}\n`)
})

test('a value that is too short is reported, and shown', async (t) => {
  const { exec, keep } = await execWorld(t)
  await keep('pin', '123')
  const { stdout, stderr } = await exec(['--mask', '-e', 'A={{ local://pin }}', '--', 'sh', '-c', 'echo $A'])
  assert.equal(stdout, '123\n')
  assert.match(stderr, /WARN exec\.mask\.unfit .*less than 4 bytes.*references=local:\/\/pin$/m)
})

test('masked output is complete at any size, and does not wait for background processes', async (t) => {
  const { exec, start } = await execWorld(t)
  const args = ['--mask', '-e', 'A={{ local://db/password }}', '--']
  const much =
    'sleep 30 & i=0; while [ $i -lt 3000 ]; do echo "$i $A and more of the same line"; i=$((i+1)); done; exit 3'
  const { code, stdout } = await exec([...args, 'sh', '-c', much])
  assert.equal(code, 3)
  const lines = stdout.trimEnd().split('\n')
  assert.deepEqual(
    lines,
    Array.from({ length: 3000 }, (_, at) => `${at} [secret] and more of the same line`),
  )
  const yes = start([...args, 'sh', '-c', 'yes "$A"'])
  await yes.seen(/\[secret\]/)
  yes.process.stdout?.destroy()
  // Its reader has gone, so it is to end.
  assert.notEqual((await yes.ended).code, 0)
})
