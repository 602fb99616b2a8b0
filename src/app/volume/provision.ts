import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { OutFile, TreeOptions } from '../../core/ports/files.ts'
import type { Mounted } from '../../core/ports/mounts.ts'
import type { Resolve } from '../../core/vocabulary/resolve.ts'
import type { FailurePolicy } from '../../core/template/render.ts'
import { inodesNeeded, sizeNeeded } from '../../core/plan/tmpfs-size.ts'
import { createAllowance } from '../../core/volume/ceilings.ts'
import { formatSize } from '../../core/text/units.ts'
import { contentFacts, prepare, type ContentFacts } from '../recipe/prepare.ts'
import { renderTemplates } from '../render/render.ts'
import type { Driver } from './driver.ts'
import { clearTmpfs } from './wipe.ts'

/** A volume's files in memory, and what Status shows of them. The caller must call `wipe`. */
export interface RenderedVolume {
  readonly files: readonly OutFile[]
  readonly facts: ContentFacts
  wipe(): void
}

const LEAST_INODES = 1024

/**
 * Reads templates, fetches all references as one batch and renders in memory. Nothing is mounted or written.
 * Rejects with the error of a template or reference, or with `too_large` for files that do not fit into the
 * tmpfs.
 */
export async function renderVolume(
  config: VolumeConfig,
  resolve: Resolve,
  deps: Pick<Driver, 'clock' | 'sources'>,
  signal: AbortSignal,
): Promise<RenderedVolume> {
  const { written } = config
  const allowance = createAllowance(config.ceilings)
  const prepared = await prepare(config, deps.sources, { clock: deps.clock, allowance })
  const rules = { ...written, allowance }
  const rendered = await renderTemplates(prepared.files, resolve, rules, deps, signal)
  try {
    const files = [...rendered.contents].map(([{ path }, content]) => ({
      path,
      content,
      mode: written.fileMode,
    }))
    checkSize(files, config)
    return {
      files,
      facts: withFailure(contentFacts(prepared), rendered.unresolved, written.policy),
      wipe: () => rendered.wipe(),
    }
  } catch (error) {
    rendered.wipe()
    throw error
  }
}

/** Mounts the tmpfs and writes the files, under the caller's lock. Tries to unmount it when it rejects. */
export async function mountFiles(
  root: string,
  rendered: RenderedVolume,
  config: VolumeConfig,
  deps: Pick<Driver, 'mounts' | 'tree'>,
): Promise<Mounted> {
  const inodes = Math.max(LEAST_INODES, 4 * inodesNeeded(rendered.files))
  const mounted = await deps.mounts.mountTmpfs(root, { ...config.tmpfs, inodes })
  try {
    await deps.tree.replaceAll(root, rendered.files, treeOptions(config))
    return mounted
  } catch (error) {
    // Keep the first error: it is more useful than the one from the clean-up. The next Mount wipes again.
    await clearTmpfs(root, deps).catch(() => undefined)
    throw error
  }
}

/**
 * Replaces the files of a mounted volume, under the caller's lock. The tmpfs is larger while the new files
 * are staged, so that old and new ones fit.
 */
export async function replaceFiles(
  root: string,
  rendered: RenderedVolume,
  config: VolumeConfig,
  deps: Pick<Driver, 'mounts' | 'tree'>,
): Promise<void> {
  const { sizeBytes } = config.tmpfs
  await deps.mounts.resize(root, sizeBytes + sizeNeeded(rendered.files))
  try {
    await deps.tree.replaceAll(root, rendered.files, treeOptions(config))
  } finally {
    await deps.mounts.resize(root, sizeBytes)
  }
}

function withFailure(
  facts: ContentFacts,
  failed: LocketError | undefined,
  policy: FailurePolicy,
): ContentFacts {
  if (failed === undefined) return facts
  return {
    ...facts,
    warnings: [...facts.warnings, `unresolved, inject-failure-policy is ${policy}: ${failed.message}`],
  }
}

function checkSize(files: readonly OutFile[], { tmpfs }: VolumeConfig): void {
  const needed = sizeNeeded(files)
  if (needed <= tmpfs.sizeBytes) return
  throw new LocketError(
    'too_large',
    `the files need ${formatSize(needed)} of tmpfs, size is ${formatSize(tmpfs.sizeBytes)}`,
    { hint: 'raise the driver option size' },
  )
}

function treeOptions({ written }: VolumeConfig): TreeOptions {
  return { ...written.owner, dirMode: written.dirMode, rootMode: written.rootMode }
}
