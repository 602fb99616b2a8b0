import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { errnoOf, isLocketError } from '../../../src/core/vocabulary/errors.ts'
import type { SourceFiles } from '../../../src/core/ports/files.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { hasCode } from './mount-table-contract.ts'

const LIMIT = { maxBytes: 1000 }

/** Tests that every SourceFiles must pass. */
export function sourceFilesContract(kind: string, files: SourceFiles): void {
  test(`${kind}: a file is read byte for byte, through links too`, async (t) => {
    const dir = await temporaryFolder(t)
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    await writeFile(join(dir, 'file'), bytes)
    await symlink('file', join(dir, 'link'))
    assert.deepEqual([...(await files.read(join(dir, 'file'), LIMIT))], [...bytes])
    assert.deepEqual([...(await files.read(join(dir, 'link'), LIMIT))], [...bytes])
  })

  test(`${kind}: an empty file is empty`, async (t) => {
    const dir = await temporaryFolder(t)
    await writeFile(join(dir, 'file'), '')
    assert.equal((await files.read(join(dir, 'file'), LIMIT)).length, 0)
  })

  test(`${kind}: exactly the limit is read, one byte more is too large`, async (t) => {
    const path = join(await temporaryFolder(t), 'file')
    await writeFile(path, 'x'.repeat(1000))
    assert.equal((await files.read(path, LIMIT)).length, 1000)
    await writeFile(path, 'x'.repeat(1001))
    await assert.rejects(files.read(path, LIMIT), hasCode('too_large', /1000 bytes/))
  })

  test(`${kind}: what is missing, forbidden or a folder is io, and names the path`, async (t) => {
    const dir = await temporaryFolder(t)
    await assert.rejects(files.read(join(dir, 'none'), LIMIT), (error) => {
      assert.ok(isLocketError(error) && error.code === 'io')
      assert.equal(errnoOf(error.cause), 'ENOENT')
      return error.message.includes(join(dir, 'none'))
    })
    await assert.rejects(files.read(dir, LIMIT), hasCode('io', new RegExp(dir)))
    await symlink('loop', join(dir, 'loop'))
    await assert.rejects(files.read(join(dir, 'loop'), LIMIT), hasCode('io', /a part of the path is a link/))
  })

  test(`${kind}: only what lies below a root is read, links followed`, async (t) => {
    const dir = await temporaryFolder(t)
    for (const name of ['in', 'in-not', 'out']) await mkdir(join(dir, name))
    await symlink('in', join(dir, 'alias'))
    for (const name of ['in/file', 'in-not/file', 'out/file']) await writeFile(join(dir, name), name)
    await symlink('../out/file', join(dir, 'in/escape'))
    await symlink('../in/file', join(dir, 'out/enter'))
    const read = async (name: string, roots: readonly string[]): Promise<string> =>
      Buffer.from(await files.read(join(dir, name), { ...LIMIT, within: roots })).toString()

    assert.equal(await read('in/file', [join(dir, 'in')]), 'in/file')
    assert.equal(await read('in/file', [join(dir, 'nowhere'), join(dir, 'alias')]), 'in/file')
    assert.equal(await read('alias/file', [`${join(dir, 'in')}/`]), 'in/file')
    assert.equal(await read('out/enter', [join(dir, 'in')]), 'in/file')
    assert.equal(await read('out/file', ['/']), 'out/file')
    for (const name of ['in/escape', 'out/file', 'in-not/file', 'in/../out/file', 'in']) {
      await assert.rejects(read(name, [join(dir, 'in')]), hasCode('denied', /outside/), name)
    }
    await assert.rejects(read('in/file', []), hasCode('denied', /outside/))
  })

  test(`${kind}: whether a file outside is there is not told`, async (t) => {
    const dir = await temporaryFolder(t)
    await writeFile(join(dir, 'there'), '')
    await mkdir(join(dir, 'root'))
    const messages = await Promise.all(
      ['there', 'gone-'].map(async (name) => {
        const error: unknown = await files
          .read(join(dir, name), { ...LIMIT, within: [join(dir, 'root')] })
          .catch((reason: unknown) => reason)
        assert.ok(isLocketError(error) && error.code === 'denied')
        return error.message.replace(name, 'NAME')
      }),
    )
    assert.equal(messages[0], messages[1])
    await assert.rejects(
      files.read(join(dir, 'root/none'), { ...LIMIT, within: [join(dir, 'root')] }),
      hasCode('io', /it does not exist/),
    )
  })

  test(`${kind}: a FIFO or a device neither blocks nor is read`, { timeout: 5000 }, async (t) => {
    const fifo = join(await temporaryFolder(t), 'fifo')
    execFileSync('mkfifo', [fifo])
    await assert.rejects(files.read(fifo, LIMIT), hasCode('io', /not a regular file/))
    await assert.rejects(files.read('/dev/zero', LIMIT), hasCode('io', /not a regular file/))
  })

  test(`${kind}: a file that tells no size is read whole, and stopped at the limit`, async () => {
    const version = await readFile('/proc/version')
    assert.deepEqual(Buffer.from(await files.read('/proc/version', LIMIT)), version)
    await assert.rejects(files.read('/proc/kallsyms', { maxBytes: 10_000 }), hasCode('too_large', /10000/))
  })

  test(`${kind}: a file of mode 0 is readable for root alone`, async (t) => {
    const path = join(await temporaryFolder(t), 'file')
    await writeFile(path, 'text')
    await chmod(path, 0)
    const attempt = files.read(path, LIMIT)
    if (process.geteuid?.() === 0) assert.equal((await attempt).length, 4)
    else await assert.rejects(attempt, hasCode('io', /this user may not read it/))
  })
}
