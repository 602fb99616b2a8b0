import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { MAIN } from '../../support/program.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const serve = (...args: readonly string[]) =>
  spawnSync(process.execPath, [MAIN, 'serve', ...args], { encoding: 'utf8', timeout: 60_000 })

test('locket serve check reads a configuration file with the settings of grackle', async (t) => {
  const folder = await temporaryFolder(t)
  const [config, policy] = [join(folder, 'locket.toml'), join(folder, 'policy.toml')]
  writeFileSync(config, '[serve]\ncompat = ["grackle"]\ngrackle-network = ["10.0.0.0/24"]\n')
  writeFileSync(policy, '[[policy]]\nname = "a"\nwhen = "true"\neffect = "allow"\n')
  const { status, stderr, stdout } = serve('check', '--config', config, policy)
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /1 rule/)
})

test('a wrong protocol and a wrong network are named', () => {
  assert.match(serve('--compat', 'other').stderr, /--compat: must be grackle/)
  for (const network of ['nonsense', '10.0.0.0/33', 'any,10.0.0.1', ''])
    assert.match(serve('--compat', 'grackle', '--grackle-network', network).stderr, /--grackle-network: must/)
})
