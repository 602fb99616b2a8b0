import { request } from 'node:http'
import { rm, symlink } from 'node:fs/promises'

import type { Engine } from './engine.ts'
import { pluginNamed } from './plugin.ts'

/** Speaks to the managed plugin as the engine does, past the engine. */
export async function callDriver(
  engine: Engine,
  endpoint: string,
  body: object | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const { id } = await pluginNamed(engine)
  // A socket's path has at most 108 bytes, and the engine's own is longer as we see it.
  const socketPath = `${engine.sandbox.root}/run/e2e/driver.sock`
  await rm(socketPath, { force: true })
  await symlink(`../docker/plugins/${id}/locket.sock`, socketPath)
  return await post(socketPath, `/VolumeDriver.${endpoint}`, body === undefined ? '' : JSON.stringify(body))
}

/** One request to a plugin's socket; `body` may be empty, as the engine's repetitions are. */
export async function post(
  socketPath: string,
  path: string,
  body: string,
): Promise<Readonly<Record<string, unknown>>> {
  const text = await new Promise<string>((resolve, reject) => {
    const sent = request({ socketPath, path, method: 'POST', timeout: 30_000 }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks).toString()))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.on('timeout', () => sent.destroy(new Error('no answer within 30 s')))
    sent.end(body)
  })
  return JSON.parse(text)
}
