import assert from 'node:assert/strict'
import {
  appendFile,
  chmod,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { hashOf, parseChained } from '../../../src/core/audit/chain.ts'
import { checkLogFile, checkLog, type CheckedLog } from '../../../src/core/audit/verify.ts'
import type { AuditLog } from '../../../src/core/ports/audit-log.ts'
import { openAuditFiles } from '../../../src/host/audit/audit-files.ts'
import { openAuditFile, type AuditFileOptions } from '../../../src/host/audit/audit-file.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { createManualClock } from '../../fakes/manual-clock.ts'
import { temporaryFolder, tinyDisk } from '../../support/temporary-folder.ts'

const clock = createManualClock()
const OPTIONS: AuditFileOptions = { clock, maxBytes: 1_048_576, files: 5 }

interface Log extends AuditLog {
  readonly path: string
}

async function openLog(
  t: TestContext,
  options: Partial<AuditFileOptions> = {},
  folder?: string,
): Promise<Log> {
  const path = join(folder ?? (await temporaryFolder(t)), 'audit.log')
  const log = openAuditFile(path, { ...OPTIONS, ...options })
  t.after(() => log.close())
  return { ...log, path }
}

/** The same log in the next process. */
async function reopened(t: TestContext, before: Log): Promise<Log> {
  const { path } = before
  await before.close()
  const log = openAuditFile(path, OPTIONS)
  t.after(() => log.close())
  return { ...log, path }
}

const fact = (n: number) => ({ time: '2026-11-30T00:00:00.000Z', action: 'mount', n })
const numbersOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => parseChained(line)?.facts['n'])

async function checked(path: string): Promise<CheckedLog> {
  const reader = openAuditFiles()
  const files = []
  for (const file of await reader.list(path)) {
    const check = checkLogFile(file)
    for await (const { bytes, isWhole } of reader.lines(file)) check.add(bytes, isWhole)
    files.push(check.result())
  }
  return checkLog(files)
}

test('lines are appended in the order of the calls, and the next process continues the chain', async (t) => {
  const log = await openLog(t)
  await Promise.all([log.append([fact(1), fact(2)]), log.append([fact(3)]), log.append([fact(4)])])
  const next = await reopened(t, log)
  await next.append([fact(5)])
  assert.deepEqual(numbersOf(await readFile(log.path, 'utf8')), [1, 2, 3, 4, 5])
  assert.deepEqual((await checked(log.path)).faults, [])
  assert.equal((await stat(log.path)).mode & 0o777, 0o600)
})

test('a line that a crash cut off is removed, and a line says so; the chain is whole', async (t) => {
  const log = await openLog(t)
  await log.append([fact(1), fact(2)])
  const whole = await readFile(log.path, 'utf8')
  for (const torn of [
    '{"time":"20',
    `{"time":"x","prev":"${'0'.repeat(64)}"}`,
    '\0\0\0\0',
    '\n'.repeat(0) + '{',
  ]) {
    await log.close()
    await writeFile(log.path, whole + torn)
    const next = openAuditFile(log.path, OPTIONS)
    await next.append([fact(3)])
    await next.close()
    const { faults, remarks } = await checked(log.path)
    assert.deepEqual(faults, [])
    assert.match(remarks.join(), new RegExp(`audit\\.log:3: after a crash, ${torn.length} bytes of a line`))
    assert.deepEqual(numbersOf(await readFile(log.path, 'utf8')), [1, 2, undefined, 3])
  }
})

test('a log whose first line was cut off, at any byte, begins again', async (t) => {
  const log = await openLog(t)
  await log.append([fact(1)])
  const { size } = await stat(log.path)
  for (const length of [0, 1, 5, 20, size - 1]) {
    await log.close()
    await truncate(log.path, length)
    const next = openAuditFile(log.path, OPTIONS)
    await next.append([fact(2)])
    await next.close()
    assert.deepEqual((await checked(log.path)).faults, [], `${length} bytes`)
  }
})

test('a file that is rotated continues in the next one; the oldest are removed', async (t) => {
  const log = await openLog(t, { maxBytes: 600, files: 3 })
  for (let n = 0; n < 40; n += 1) {
    await log.append([fact(n)])
    if (n % 10 === 0) await clock.advance(1000)
  }
  const files = await openAuditFiles().list(log.path)
  assert.equal(files.length, 3)
  const { faults, remarks } = await checked(log.path)
  assert.deepEqual(faults, [])
  assert.match(remarks.join(), /continues a file that is not among these/)
  for (const file of files) assert.ok((await stat(file)).size <= 600)
})

test('a rotation while the clock is set back keeps the order, and owner and mode stay', async (t) => {
  const log = await openLog(t, { maxBytes: 200, files: 100 })
  await log.append([fact(0)])
  await chmod(log.path, 0o640)
  const back = createManualClock(0)
  for (let n = 1; n < 5; n += 1) {
    const next = openAuditFile(log.path, { clock: n % 2 === 0 ? clock : back, maxBytes: 200, files: 100 })
    await log.close()
    await next.append([fact(n), fact(n)])
    await next.close()
  }
  assert.deepEqual((await checked(log.path)).faults, [])
  assert.equal((await stat(log.path)).mode & 0o777, 0o640)
})

test('a crash in the middle of a rotation loses no line: the next process continues the chain', async (t) => {
  const log = await openLog(t)
  await log.append([fact(1)])
  await log.close()
  await rename(log.path, `${log.path}.20261130T000000.000Z`)
  const next = await reopened(t, log)
  await next.append([fact(2)])
  const { faults, files } = await checked(log.path)
  assert.deepEqual([faults, files.length], [[], 2])
})

test('on a full disk an append rejects and leaves nothing; later ones work again', async (t) => {
  const folder = await tinyDisk(t, 64 * 1024)
  const log = await openLog(t, {}, folder)
  await log.append([fact(1)])
  await writeFile(join(folder, 'other'), 'x'.repeat(56 * 1024))
  await assert.rejects(log.append([{ ...fact(2), text: 'y'.repeat(20_000) }]), {
    code: 'io',
    message: /cannot write .*audit\.log/,
  })
  await truncate(join(folder, 'other'), 0)
  await log.append([fact(3)])
  assert.deepEqual(numbersOf(await readFile(log.path, 'utf8')), [1, 3])
  assert.deepEqual((await checked(log.path)).faults, [])
})

test('a file of somebody else, a link or a folder is not written to', async (t) => {
  const folder = await temporaryFolder(t)
  for (const content of ['root:x:0:0::/root:/bin/sh\n', 'no line break', '{"time":1}\n']) {
    const log = await openLog(t, {}, folder)
    await writeFile(log.path, content)
    await assert.rejects(log.append([fact(1)]), /is not a line of an audit log: it is not continued/)
    assert.equal(await readFile(log.path, 'utf8'), content)
    await log.close()
  }
  const other = await temporaryFolder(t)
  await writeFile(join(other, 'target'), '')
  await symlink(join(other, 'target'), join(other, 'audit.log'))
  const linked = await openLog(t, {}, other)
  await assert.rejects(linked.append([fact(1)]), { code: 'io' })
  assert.deepEqual((await readdir(other)).toSorted(), ['audit.log', 'audit.log.lock', 'target'])
})

test('a log that another process writes is refused by name, and not waited for longer than 2 s', async (t) => {
  const log = await openLog(t)
  await log.append([fact(1)])
  const other = openAuditFile(log.path, { ...OPTIONS, clock: systemClock() })
  await assert.rejects(other.append([fact(2)]), /another process writes the audit log/)
  await log.close()
  await other.append([fact(3)])
  await other.close()
  assert.deepEqual(numbersOf(await readFile(log.path, 'utf8')), [1, 3])
})

test('a log that was moved or removed goes on in a new file, and its chain continues', async (t) => {
  const log = await openLog(t)
  await log.append([fact(1)])
  await rename(log.path, `${log.path}.moved`)
  await log.append([fact(2)])
  const moved = (await readFile(`${log.path}.moved`, 'utf8')).trimEnd()
  const next = (await readFile(log.path, 'utf8')).trimEnd()
  assert.equal(parseChained(next)?.previous, hashOf(Buffer.from(moved)))
  await rm(log.path)
  await log.append([fact(3)])
  assert.equal((await readFile(log.path, 'utf8')).split('\n').length, 2)
})

test('a changed line in the middle stays for verify to find, and the log goes on', async (t) => {
  const log = await openLog(t)
  await log.append([fact(1), fact(2), fact(3)])
  await log.close()
  const text = await readFile(log.path, 'utf8')
  await writeFile(log.path, text.replace('"n":2', '"n":7'))
  const next = await reopened(t, log)
  await next.append([fact(4)])
  assert.match((await checked(log.path)).faults.join(), /audit\.log:3 does not follow the line before it/)
  await appendFile(log.path, 'x'.repeat(100))
  assert.match((await checked(log.path)).remarks.join(), /:5 is not complete/)
})
