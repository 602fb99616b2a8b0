import { writeFile } from 'node:fs/promises'

import type { Engine } from './engine.ts'
import { until } from './until.ts'

export const REGISTRY = '127.0.0.1:5000'

/** Debian's docker-registry on the sandbox's loopback, its storage on the sandbox's tmpfs. */
export async function startRegistry(engine: Engine): Promise<void> {
  const file = '/run/e2e/registry.yml'
  const storage = 'storage: { filesystem: { rootdirectory: /run/e2e/registry } }'
  await writeFile(
    `${engine.sandbox.root}${file}`,
    `version: 0.1\n${storage}\nhttp: { addr: "${REGISTRY}" }\n`,
  )
  const log = `${engine.sandbox.root}/run/e2e/registry.log`
  await engine.sandbox.spawn('docker-registry', ['serve', file], { log })
  await until('the registry answers', async () => {
    const ran = await engine.sandbox.exec('busybox', ['wget', '-q', '-O', '-', `http://${REGISTRY}/v2/`])
    return ran.code === 0
  })
}
