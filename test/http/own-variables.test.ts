import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startDaemon } from '../support/daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const ID = 'c'.repeat(64)
const TOKEN = 'canary-7a1e-token'

test('a daemon gives of its own variables what is asked for, and not its credentials', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, '.env'), `APP=from-file\nOP_CONNECT_TOKEN=${TOKEN}\n`)
  const env = {
    LOCKET_ENV_PROVIDER: 'true',
    DOTENV_PATH: join(folder, '.env'),
    APP: 'from-process',
    OP_CONNECT_TOKEN: TOKEN,
  }
  const daemon = await startDaemon({ folder, env })
  t.after(() => daemon.stop('SIGKILL'))
  const create = (Name: string, template: string) =>
    daemon.call('VolumeDriver.Create', { Name, Opts: { 'secret.a': template } })
  const mount = (Name: string) => daemon.call('VolumeDriver.Mount', { Name, ID })

  assert.equal((await create('good', '{{ env://APP }} {{ dotenv://APP }}')).Err, '')
  const { Err, Mountpoint } = await mount('good')
  assert.equal(Err, '')
  assert.equal(await readFile(join(Mountpoint, 'a'), 'utf8'), 'from-process from-file')

  for (const scheme of ['env', 'dotenv']) {
    await create(scheme, `{{ ${scheme}://OP_CONNECT_TOKEN }}`)
    assert.match(
      (await mount(scheme)).Err,
      new RegExp(
        `${scheme}://OP_CONNECT_TOKEN: ${scheme}: OP_CONNECT_TOKEN is where locket reads its own credential`,
      ),
    )
  }
  assert.ok(!daemon.output().includes(TOKEN))
})
