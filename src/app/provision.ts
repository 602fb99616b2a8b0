import type { VolumeConfig } from '../config/volume-config.ts'
import { LocketError, throwErrors, toLocketError } from '../core/errors.ts'
import type {
  Clock,
  FileTree,
  Mounted,
  MountTable,
  OutFile,
  SourceFiles,
  TreeOptions,
} from '../core/ports.ts'
import type { RefId } from '../core/ref.ts'
import type { Outcomes, Resolve } from '../core/resolve.ts'
import { collectFailures, hasDefault, renderTemplate, type FailurePolicy } from '../core/template/render.ts'
import { inodesNeeded, sizeNeeded } from '../core/tmpfs-size.ts'
import { formatSize } from '../core/units.ts'
import { failuresOf, fetchUntil, wipeOutcomes } from './fetch.ts'
import { contentFacts, prepare, type Prepared, type PreparedFile } from './prepare.ts'
import type { ContentFacts } from './volume-table.ts'

export interface ProvisionDeps {
  readonly clock: Clock
  readonly sources: SourceFiles
  readonly mounts: MountTable
  readonly tree: FileTree
}

/** Rendered files in memory, and what is told of them. Whoever holds it calls `wipe`. */
export interface Rendered {
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
): Promise<Rendered> {
  const prepared = await prepare(config, deps.sources)
  const outcomes = await fetchUntil(prepared.refs, resolve, {
    optional: optionalRefs(prepared),
    clock: deps.clock,
    signal,
  })
  try {
    return renderAll(prepared, outcomes, config, deps.clock.now())
  } finally {
    wipeOutcomes(outcomes)
  }
}

/** Mounts the tmpfs and writes the files. On failure nothing stays mounted. */
export async function mountFiles(
  root: string,
  rendered: Rendered,
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
  rendered: Rendered,
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

function renderAll(prepared: Prepared, outcomes: Outcomes, config: VolumeConfig, now: number): Rendered {
  const { policy } = config
  const failed = failuresOf(
    collectFailures(
      prepared.files.map((file) => file.template),
      outcomes,
    ),
  )
  if (failed !== undefined && policy === 'error') throw failed
  const files: OutFile[] = []
  const rendered: Rendered = {
    files,
    facts: withFailure(contentFacts(prepared), failed, policy),
    wipe: () => files.forEach((file) => file.content.wipe()),
  }
  try {
    const errors: LocketError[] = []
    for (const file of prepared.files) {
      try {
        const content = renderTemplate(file.template, outcomes, { policy, now, origin: file.origin })
        if (content !== undefined) files.push({ path: file.path, content, mode: config.written.fileMode })
      } catch (thrown) {
        errors.push(toLocketError(thrown))
      }
    }
    throwErrors(errors)
    checkSizes(files, prepared.files, config)
    return rendered
  } catch (error) {
    rendered.wipe()
    throw error
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

function checkSizes(
  files: readonly OutFile[],
  prepared: readonly PreparedFile[],
  config: VolumeConfig,
): void {
  const { maxFileBytes } = config.written
  for (const file of files) {
    if (file.content.byteLength <= maxFileBytes) continue
    const origin = prepared.find((candidate) => candidate.path === file.path)?.origin ?? file.path
    throw new LocketError(
      'too_large',
      `${origin}: the rendered file has ${file.content.byteLength} bytes, max-file-size is ${maxFileBytes}`,
      {
        hint: 'raise max-file-size',
      },
    )
  }
  const needed = sizeNeeded(files)
  const { sizeBytes } = config.tmpfs
  if (needed <= sizeBytes) return
  throw new LocketError(
    'too_large',
    `the files need ${formatSize(needed)} of tmpfs, size is ${formatSize(sizeBytes)}`,
    {
      hint: 'raise the driver option size',
    },
  )
}

/** Refs that may be missing wherever they stand. */
function optionalRefs(prepared: Prepared): ReadonlySet<RefId> {
  const optional = new Set(prepared.refs.map((ref) => ref.id))
  for (const segment of prepared.files.flatMap((file) => file.template.segments)) {
    if (segment.kind === 'secret' && !hasDefault(segment)) optional.delete(segment.ref.id)
  }
  return optional
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
