import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Reads every file of the generation that `data/..data` of a volume names now, as a program does that wants a
 * set of files that belong together. Returns their distinct texts; none if the generation was replaced
 * meanwhile.
 */
export async function readGeneration(root: string): Promise<ReadonlySet<string>> {
  const texts = new Set<string>()
  try {
    const folder = join(root, 'data', readlinkSync(join(root, 'data/..data')))
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    for (const entry of names)
      if (entry.isFile()) texts.add(readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    return texts
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')
      return texts.size > 1 ? texts : new Set()
    throw thrown
  }
}
