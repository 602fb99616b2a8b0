import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { MAIN } from '../../support/program.ts'
import { secretPaths } from '../../support/local-secrets.ts'
import { blindRun, VALUE } from './blind-run.ts'

test('the first example of the guide works as it is written', async (t) => {
  const { folder, target } = await blindRun(t)
  const guide = await readFile('docs/guides/blind.md', 'utf8')
  const example = /```sh\n(.*?)```/s.exec(guide)?.[1] ?? ''
  assert.match(example, /locket run --blind/)
  const programs = join(folder, 'bin')
  await mkdir(programs)
  await writeFile(join(programs, 'locket'), `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`)
  await chmod(join(programs, 'locket'), 0o755)
  const { file, key } = secretPaths(folder)
  const child = spawn('sh', ['-ec', example.replaceAll('api.example', target.api)], {
    cwd: folder,
    env: {
      PATH: `${programs}:${process.env['PATH']}`,
      HOME: folder,
      API_TOKEN: VALUE,
      LOCKET_LOCAL_FILE: file,
      LOCKET_LOCAL_KEY: key,
      LOCKET_UPSTREAM_CA: target.ca,
      LOCKET_ALLOW_ADDRESSES: '127.0.0.1',
    },
  })
  const out: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => out.push(chunk))
  const code = await new Promise((resolve) => child.once('close', resolve))
  const said = Buffer.concat(out).toString()
  assert.equal(code, 0, said)
  assert.equal(target.arrived.at(-1)?.headers['authorization'], `Bearer ${VALUE}`, said)
  assert.ok(!said.includes(VALUE), said)
  assert.ok(said.includes('"server":"api"'), said)
})
