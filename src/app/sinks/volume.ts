import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { OutFile } from '../../core/ports/files.ts'
import type { Mounted } from '../../core/ports/mounts.ts'
import { inodesNeeded, sizeNeeded } from '../../core/plan/tmpfs-size.ts'
import { touchesSecret } from '../../core/reload/on-change.ts'
import { formatSize } from '../../core/text/units.ts'
import type { Machine } from '../machine.ts'
import type { PreparedFile } from '../recipe/volume-files.ts'
import type { PreparedTemplate } from '../recipe/recipe.ts'
import type { Rendered } from '../render/render.ts'
import type { Sink } from './sink.ts'

/**
 * The tmpfs of a volume. The names in its answers are paths below `data/`. Everything is called under the
 * volume's lock.
 */
export interface VolumeSink extends Sink<PreparedFile> {
  /**
   * Mounts the tmpfs and writes the files. Rejects with `too_large` for files that do not fit. On any
   * rejection it tries to unmount the tmpfs.
   */
  mount(templates: readonly PreparedFile[], rendered: Rendered<PreparedTemplate>): Promise<Mounted>
}

type TmpfsPorts = Pick<Machine, 'mounts' | 'tree'>

const LEAST_INODES = 1024

/** Makes the sink of one volume. `root`: the path where the tmpfs is, or will be, mounted. */
export function openVolumeSink(
  root: string,
  { tmpfs, written, onChange }: Pick<VolumeConfig, 'tmpfs' | 'written' | 'onChange'>,
  { mounts, tree }: TmpfsPorts,
): VolumeSink {
  const { sizeBytes } = tmpfs
  const { owner, dirMode, rootMode, fileMode } = written
  const touched = onChange !== 'off' && onChange.kind === 'touch' ? onChange.file : undefined
  const options = { ...owner, dirMode, rootMode, touched }

  function filesOf(
    templates: readonly PreparedFile[],
    { contents }: Rendered<PreparedTemplate>,
  ): readonly OutFile[] {
    const files = templates.flatMap((template) => {
      const content = contents.get(template)
      if (content === undefined) return []
      const { path, access } = template
      return [{ path, content, mode: access?.mode ?? fileMode, owner: access?.owner }]
    })
    // The name of a field of a `*` reference is known only now.
    if (
      touched !== undefined &&
      touchesSecret(
        touched,
        files.map(({ path }) => path),
      )
    ) {
      const reason = `${touched} is a secret of the volume, and the file that on-change touches`
      throw new LocketError('plan_conflict', reason, { hint: 'name another file in on-change' })
    }
    const needed = sizeNeeded(files)
    if (needed <= sizeBytes) return files
    throw new LocketError(
      'too_large',
      `the files need ${formatSize(needed)} of tmpfs, size is ${formatSize(sizeBytes)}`,
      { hint: 'raise the driver option size' },
    )
  }

  return {
    async mount(templates, rendered) {
      const files = filesOf(templates, rendered)
      const inodes = Math.max(LEAST_INODES, 4 * inodesNeeded(files))
      const mounted = await mounts.mountTmpfs(root, { ...tmpfs, inodes })
      try {
        await tree.replaceAll(root, files, options)
        // From the mount on, so that a program can watch it.
        if (touched !== undefined) await tree.touch(root, touched, { ...owner, fileMode })
        return mounted
      } catch (error) {
        // Keep the first error: it is more useful than the one from the clean-up. The next Mount wipes again.
        await clearTmpfs(root, { mounts, tree }).catch(() => undefined)
        throw error
      }
    },

    async put(templates, rendered) {
      const files = filesOf(templates, rendered)
      // The tmpfs is larger while the new files are staged, so that old and new files fit.
      await mounts.resize(root, sizeBytes + sizeNeeded(files))
      try {
        return await tree.replaceAll(root, files, options)
      } finally {
        await mounts.resize(root, sizeBytes)
      }
    },
  }
}

/** Overwrites and removes the files below `root`, then unmounts it, even if the wipe failed. */
export async function clearTmpfs(root: string, { tree, mounts }: TmpfsPorts): Promise<void> {
  try {
    await tree.wipe(root)
  } finally {
    await mounts.unmount(root)
  }
}
