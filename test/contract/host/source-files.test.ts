import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSourceFiles } from '../../../src/host/sources/source-files.ts'
import { sourceFilesContract } from './source-files-contract.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

sourceFilesContract('source files', openSourceFiles())

test('a path that was read is remembered, and one that could not be read is not', async (t) => {
  const folder = await temporaryFolder(t)
  const files = openSourceFiles()
  const path = join(folder, 'token')
  await assert.rejects(files.read(path, { maxBytes: 10 }))
  assert.equal(files.wasRead(path), false)
  await writeFile(path, 'x')
  await files.read(path, { maxBytes: 10 })
  assert.equal(files.wasRead(path), true)
  assert.equal(openSourceFiles().wasRead(path), false)
})
