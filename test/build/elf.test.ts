import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { requirementsOf, withoutVariables, withRunpath } from '../../scripts/build/elf.ts'

const folder = mkdtempSync(join(tmpdir(), 'locket-elf-'))
after(() => rmSync(folder, { recursive: true }))
const original = readFileSync(process.execPath)

test('a Node with a library path of its own loads from there, and is smaller', () => {
  for (const name of ['bin', 'lib']) mkdirSync(join(folder, name))
  const node = join(folder, 'bin/node')
  const changed = withRunpath(original, '$ORIGIN/../lib')
  writeFileSync(node, changed, { mode: 0o755 })
  copyFileSync(libatomic(process.execPath, { ...process.env }), join(folder, 'lib/libatomic.so.1'))
  assert.equal(libatomic(node, {}), join(folder, 'lib/libatomic.so.1'))
  assert.ok(changed.length < original.length)
})

test('a library path that does not fit is refused', () => {
  assert.throws(() => withRunpath(original, 'x'.repeat(100_000)), /no padding/)
})

test('what has a library path already has no room for an endless number of them', () => {
  let elf: Buffer = original
  assert.throws(() => {
    for (let times = 0; times < 100; times++) elf = withRunpath(elf, 'a')
  }, /no spare dynamic entry/)
})

test('the processor and the shared objects of a file are read from it, changed or not', () => {
  const found = requirementsOf(original)
  assert.equal(found?.arch, process.arch)
  assert.ok(found.needed.includes('libatomic.so.1'))
  assert.deepEqual(requirementsOf(withRunpath(original, '$ORIGIN/../lib')), found)
  const koffi = readFileSync(
    `node_modules/@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`,
  )
  assert.ok(requirementsOf(koffi)?.needed.includes('libc.so.6'))
  assert.equal(requirementsOf(Buffer.from('text')), undefined)
})

test('a Node without a variable does not obey it, and its children have it', () => {
  const node = join(folder, 'deaf-node')
  writeFileSync(node, withoutVariables(original, ['NODE_OPTIONS']), { mode: 0o755 })
  const env = { ...process.env, NODE_OPTIONS: '--no-such-option' }
  const script =
    'require("node:child_process").execFileSync("sh", ["-c", "echo $NODE_OPTIONS"], { encoding: "utf8" })'
  assert.equal(execFileSync(node, ['-p', script], { env, encoding: 'utf8' }).trim(), '--no-such-option')
})

test('a variable that the executable does not read, or names in several places, is refused', () => {
  assert.throws(
    () => withoutVariables(original, ['NO_SUCH_VARIABLE_OF_NODE']),
    /is in the executable 0 times/,
  )
  assert.throws(() => withoutVariables(Buffer.from('----HOME\0---HOME\0'), ['HOME']), /2 times/)
})

test('a text file is not an executable', () => {
  assert.throws(() => withRunpath(Buffer.from('#!/bin/sh\n'), 'a'), /not a 64-bit/)
})

test('a static executable is refused', () => {
  const elf = Buffer.from(original)
  const table = Number(elf.readBigUInt64LE(32))
  for (let index = 0; index < elf.readUInt16LE(56); index++) {
    const header = table + index * elf.readUInt16LE(54)
    if (elf.readUInt32LE(header) === 2) elf.writeUInt32LE(0, header)
  }
  assert.throws(() => withRunpath(elf, 'a'), /static executable/)
})

/** The libatomic that a Node runs with. */
function libatomic(node: string, env: NodeJS.ProcessEnv): string {
  chmodSync(node, 0o755)
  const script = 'require("node:fs").readFileSync("/proc/self/maps","utf8").match(/\\S*libatomic\\S*/)[0]'
  return execFileSync(node, ['-p', script], { env, encoding: 'utf8' }).trim()
}
