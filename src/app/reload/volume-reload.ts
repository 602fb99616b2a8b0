import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import type { Changes } from '../../core/ports/files.ts'
import { actionText } from '../../core/reload/on-change.ts'
import { formatError, LocketError } from '../../core/vocabulary/errors.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import type { KeyedLock } from '../../core/waiting/keyed-lock.ts'
import type { Machine } from '../machine.ts'
import { isUnchanged } from '../sinks/sink.ts'
import type { ReloadPorts, Reloads } from './reloads.ts'

/** A volume, as its reloads see it. */
export interface ReloadedVolume extends Pick<VolumeConfig, 'onChange' | 'written'> {
  readonly name: VolumeName
  /** The path where its tmpfs is mounted. */
  readonly root: string
  /** Asked under the volume's lock. */
  readonly isMounted: () => boolean
}

/** The parts of the driver that reloads need. */
interface ReloadTools extends ReloadPorts, Pick<Machine, 'tree'> {
  readonly locks: KeyedLock
  readonly reloads: Reloads
}

/**
 * Puts new content in place by `put`, and begins what `on-change` says when something has changed. A note in
 * the tmpfs is made before and stays until that is done, so that a crash in between loses no reload. Under
 * the volume's lock.
 */
export async function putAndReload(
  tools: ReloadTools,
  volume: ReloadedVolume,
  put: () => Promise<Changes>,
): Promise<Changes> {
  const { name, root, onChange } = volume
  if (onChange === 'off') return put()
  const { tree, reloads } = tools
  const wasOwed = await tree.isReloadOwed(root)
  // Without the note the reload follows nevertheless, unless this process ends before it.
  if (!wasOwed) await tree.oweReload(root).catch(() => undefined)
  const changes = await put()
  // A note that belongs to no reload is that of a delivery that failed half-way.
  const isOwed = wasOwed && !reloads.isPending(name)
  if (!isUnchanged(changes) || isOwed) beginReload(tools, volume)
  else if (!wasOwed) await tree.reloadDone(root)
  return changes
}

/**
 * Begins the reload that an earlier process owes, and reports when `on-change` cannot work: the engine's
 * socket may be lost since the volume was created. Under the volume's lock.
 */
export async function resumeReload(tools: ReloadTools, volume: ReloadedVolume): Promise<void> {
  if (volume.onChange === 'off') return
  const fault = await engineFault(tools, volume)
  if (fault !== undefined) tools.emit('reload.impossible', { volume: volume.name, error: formatError(fault) })
  if (volume.isMounted() && (await tools.tree.isReloadOwed(volume.root))) beginReload(tools, volume)
}

/** Rejects with `config` when `on-change` needs the engine, and locket was not given its socket. */
export async function refuseWithoutEngine(
  tools: Pick<ReloadTools, 'openEngine'>,
  config: Pick<VolumeConfig, 'onChange'>,
): Promise<void> {
  const fault = await engineFault(tools, config)
  if (fault !== undefined) throw fault
}

async function engineFault(
  { openEngine }: Pick<ReloadTools, 'openEngine'>,
  { onChange }: Pick<VolumeConfig, 'onChange'>,
): Promise<LocketError | undefined> {
  if (onChange === 'off' || onChange.kind === 'touch') return undefined
  const engine = await openEngine()
  const fault = await engine.fault()
  if (fault === undefined) return undefined
  const { reason, hint } = fault
  return new LocketError('config', `on-change is ${actionText(onChange)}, but ${reason}`, { hint })
}

function beginReload(
  { locks, stopping, tree, reloads, clock }: ReloadTools,
  { name, root, onChange, written, isMounted }: ReloadedVolume,
): void {
  if (onChange === 'off') return
  const touch = (file: string) =>
    locks.run(name, stopping, async () => {
      if (isMounted()) await tree.touch(root, file, { ...written.owner, fileMode: written.fileMode })
    })
  const settled = () => {
    const work = locks.run(name, stopping, async () => {
      if (!reloads.isPending(name)) await tree.reloadDone(root)
    })
    // A note that stays means one reload too many after the next start.
    work.catch(() => undefined)
  }
  reloads.changed({ volume: name, onChange, at: clock.now(), touch, settled })
}
