import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { blindRun, clientPath } from './blind-run.ts'
import { checkClient, FORMS } from './check-client.ts'

const PYTHON = 'build/blind-clients/bin/python3'
test('curl and git use a value that they never get', async (t) => {
  const out = await checkClient(t, ['sh', clientPath('client.sh'), 'git'])
  const refs = out.split('\n').filter((line) => line.includes('refs/heads/'))
  assert.equal(refs.length, 2, out)
})

for (const client of ['requests', 'httpx'])
  test(`${client} of Python uses a value that it never gets`, async (t) => {
    assert.ok(existsSync(PYTHON), 'make clients installs it')
    await checkClient(t, [`${process.cwd()}/${PYTHON}`, clientPath('client.py'), client])
  })

test('fetch and https of Node use a value that they never get', async (t) => {
  await checkClient(t, [process.execPath, clientPath('client.mjs')])
})

/** All memory of a process that can be read. */
async function memoryOf(pid: number): Promise<Buffer> {
  const maps = (await readFile(`/proc/${pid}/maps`, 'utf8')).split('\n')
  await using memory = await open(`/proc/${pid}/mem`)
  const parts: Buffer[] = []
  for (const line of maps) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
    if (from === undefined || to === undefined) continue
    const [start, size] = [BigInt(`0x${from}`), Number(BigInt(`0x${to}`) - BigInt(`0x${from}`))]
    const buffer = Buffer.alloc(Math.min(size, 1 << 28))
    const read = await memory.read(buffer, 0, buffer.length, start).catch(() => ({ bytesRead: 0 }))
    parts.push(buffer.subarray(0, read.bytesRead))
  }
  return Buffer.concat(parts)
}

test('the memory of the command holds the placeholder and not the value', async (t) => {
  const world = await blindRun(t)
  const args = ['run', '--blind', ...world.flags, '--', process.execPath, clientPath('client.mjs')]
  const run = world.start(args)
  await run.said('done\n')
  const children = await readFile(`/proc/${run.child.pid}/task/${run.child.pid}/children`, 'utf8')
  const pid = Number(children.trim().split(' ')[0])
  const memory = await memoryOf(pid)
  assert.ok(memory.includes('locketblind'), 'the memory was read')
  for (const form of FORMS) assert.ok(!memory.includes(form), form)
  run.child.stdin.end()
  assert.equal(await run.ended, 0)
})
