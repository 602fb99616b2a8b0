import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { FileTree, OutFile, SourceFiles, TreeOptions } from '../../core/ports/files.ts'
import type { Mounted, MountTable } from '../../core/ports/mounts.ts'
import type { Resolve } from '../../core/vocabulary/resolve.ts'
import type { FailurePolicy } from '../../core/template/render.ts'
import { inodesNeeded, sizeNeeded } from '../../core/plan/tmpfs-size.ts'
import { formatSize } from '../../core/text/units.ts'
import { contentFacts, prepare } from '../recipe/prepare.ts'
import { render } from '../render/render.ts'
import type { ContentFacts } from '../recipe/prepare.ts'

export interface ProvisionDeps {
  readonly clock: Clock
  readonly sources: SourceFiles
  readonly mounts: MountTable
  readonly tree: FileTree
}

/** A volume's files in memory, and what is told of them. Whoever holds it calls `wipe`. */
export interface RenderedVolume {
  readonly files: readonly OutFile[]
  readonly facts: ContentFacts
  wipe(): void
}

const LEAST_INODES = 1024

/** Reads templates, fetches all references as one batch, renders in memory. Nothing is mounted or written. */
export async function renderVolume(
  config: VolumeConfig,
  resolve: Resolve,
  deps: Pick<ProvisionDeps, 'clock' | 'sources'>,
  signal: AbortSignal,
): Promise<RenderedVolume> {
  const { policy, written } = config
  const prepared = await prepare(config, deps.sources)
  const { maxFileBytes } = written
  const { clock } = deps
  const rendered = await render(
    { templates: prepared.files },
    { policy, maxFileBytes, resolve, clock, signal },
  )
  try {
    const files = [...rendered.contents].map(([{ path }, content]) => ({
      path,
      content,
      mode: written.fileMode,
    }))
    checkSize(files, config)
    return {
      files,
      facts: withFailure(contentFacts(prepared), rendered.unresolved, policy),
      wipe: () => rendered.wipe(),
    }
  } catch (error) {
    rendered.wipe()
    throw error
  }
}

/** Mounts the tmpfs and writes the files. On failure nothing stays mounted. */
export async function mountFiles(
  root: string,
  rendered: RenderedVolume,
  config: VolumeConfig,
  deps: Pick<ProvisionDeps, 'mounts' | 'tree'>,
): Promise<Mounted> {
  const { tmpfs } = config
  const mounted = await deps.mounts.mountTmpfs(root, {
    sizeBytes: tmpfs.sizeBytes,
    inodes: Math.max(LEAST_INODES, 4 * inodesNeeded(rendered.files)),
    mode: 0o700,
    flags: tmpfs.flags,
    allowSwap: tmpfs.allowSwap,
    ...(tmpfs.selinuxContext === undefined ? {} : { selinuxContext: tmpfs.selinuxContext }),
  })
  try {
    await deps.tree.replaceAll(root, rendered.files, treeOptions(config))
    return mounted
  } catch (error) {
    // What was wrong is worth more to its reader than what came of it; a mount that stays is wiped with the next one.
    await clearMount(root, deps).catch(() => undefined)
    throw error
  }
}

/** Replaces the files of a mounted volume. Both generations fit: the tmpfs is larger while the new one is staged. */
export async function replaceFiles(
  root: string,
  rendered: RenderedVolume,
  config: VolumeConfig,
  deps: Pick<ProvisionDeps, 'mounts' | 'tree'>,
): Promise<void> {
  const { sizeBytes } = config.tmpfs
  await deps.mounts.resize(root, sizeBytes + sizeNeeded(rendered.files))
  try {
    await deps.tree.replaceAll(root, rendered.files, treeOptions(config))
  } finally {
    await deps.mounts.resize(root, sizeBytes)
  }
}

/** Wipes, then unmounts even when the wipe failed. */
export async function clearMount(root: string, deps: Pick<ProvisionDeps, 'mounts' | 'tree'>): Promise<void> {
  try {
    await deps.tree.wipe(root)
  } finally {
    await deps.mounts.unmount(root)
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

function treeOptions(config: VolumeConfig): TreeOptions {
  const { uid, gid, dirMode } = config.written
  return {
    dirMode,
    rootMode: config.tmpfs.mode,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  }
}
