import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

import { succeed } from './command.ts'
import { openProject } from './compose.ts'
import type { Engine } from './engine.ts'
import { onHost } from './locket.ts'
import { DIST } from './plugin.ts'

const IMAGE_SCRIPT = resolve(import.meta.dirname, '../../plugin/image.sh')

/** `make image`, in this engine. */
export async function buildImage(engine: Engine): Promise<void> {
  const env = { ...engine.env, DOCKER_BUILDKIT: '0' }
  await succeed(IMAGE_SCRIPT, ['locket', DIST], { env })
}

/** A file beside the compose file of a project, or anywhere on the engine's host; readable by every user. */
export async function putOnHost(engine: Engine, path: string, text: string): Promise<void> {
  const place = onHost(engine, path)
  await mkdir(dirname(place), { recursive: true })
  await writeFile(place, text)
  await chmod(place, 0o644)
}

export interface Project {
  readonly folder: string
  readonly compose: Awaited<ReturnType<typeof openProject>>
  /** The name of a service's container. */
  readonly container: (service: string) => string
}

export async function sidecarProject(engine: Engine, name: string, yaml: string): Promise<Project> {
  return {
    folder: `/run/e2e/compose/${name}`,
    compose: await openProject(engine, name, yaml),
    container: (service) => `${name}-${service}-1`,
  }
}
