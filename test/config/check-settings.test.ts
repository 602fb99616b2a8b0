import assert from 'node:assert/strict'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { TABLES } from '../../src/cli/index.ts'
import { loadCheckCommand } from '../../src/config/check-config.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a check without arguments reads the configuration file of the host, and says so', async (t) => {
  const folder = await temporaryFolder(t)
  const [host, own] = [join(folder, 'host.toml'), join(folder, 'own.toml')]
  const read = (argv: readonly string[], env: Record<string, string> = {}) => {
    const { config } = loadCheckCommand({ argv, env, isRoot: true, tables: TABLES, hostConfig: host })
    const { configFiles, problems, warnings } = config
    return { configFiles, problems, warnings, size: config.daemon.volumeConfig({}).tmpfs.sizeBytes }
  }
  const none = { configFiles: [], problems: [], warnings: [] }
  const megabyte = 1024 * 1024
  assert.deepEqual(read([]), { ...none, size: 10 * megabyte })
  await writeFile(host, '[volume]\nsize = "3M"\n')
  await writeFile(own, '[volume]\nsize = "4M"\n')
  assert.deepEqual(read(['--offline']), { ...none, configFiles: [host], size: 3 * megabyte })
  assert.deepEqual(read(['compose.yaml']), { ...none, size: 10 * megabyte })
  const named = { ...none, configFiles: [own], size: 4 * megabyte }
  assert.deepEqual(read(['--config', own]), named)
  assert.deepEqual(read([], { LOCKET_CONFIG: own }), named)
  await writeFile(host, '[volume]\nsise = "3M"\n')
  assert.match(read([]).problems.join(), /host\.toml line 2: there is no setting sise, did you mean size\?$/)
})

test('a configuration file of the host that this user may not read is a warning', async (t) => {
  const folder = await temporaryFolder(t)
  const host = join(folder, 'loop.toml')
  await symlink(host, host)
  const { config } = loadCheckCommand({ argv: [], env: {}, isRoot: true, tables: TABLES, hostConfig: host })
  assert.deepEqual([config.configFiles, config.problems], [[], []])
  assert.deepEqual(config.warnings, [
    `configuration file ${host} cannot be read: a part of the path is a link that is not followed`,
  ])
})
