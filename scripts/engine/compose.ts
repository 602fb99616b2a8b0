import { mkdir, writeFile } from 'node:fs/promises'

import type { Ran } from './command.ts'
import { composeProgram } from './debian.ts'
import type { Engine } from './engine.ts'

/**
 * `docker compose` on a project that holds nothing but this file; `before`: a command that runs it, with its
 * words.
 */
export async function openProject(
  engine: Engine,
  name: string,
  yaml: string,
): Promise<(args: readonly string[], before?: readonly string[]) => Promise<Ran>> {
  const program = await composeProgram()
  const folder = `/run/e2e/compose/${name}`
  await mkdir(`${engine.sandbox.root}${folder}`, { recursive: true })
  await writeFile(`${engine.sandbox.root}${folder}/compose.yaml`, yaml)
  const env = {
    ...engine.env,
    HOME: folder,
    DOCKER_CONFIG: folder,
    DOCKER_HOST: 'unix:///run/e2e/docker.sock',
  }
  return (args, before = []) => {
    const [first, ...words] = [...before, program]
    const own = ['--file', `${folder}/compose.yaml`, '--project-name', name, ...args]
    return engine.sandbox.exec(first, [...words, ...own], { env })
  }
}
