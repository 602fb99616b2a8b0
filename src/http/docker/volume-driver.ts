import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createVolume } from '../../app/volume/create.ts'
import type { Driver } from '../../app/volume/driver.ts'
import { lastAbandonedMount, mountVolume, type MountAnswer } from '../../app/volume/mount.ts'
import { removeVolume } from '../../app/volume/remove.ts'
import { getVolume, listVolumes, type VolumeStatus, type VolumeView } from '../../app/volume/status/status.ts'
import { unmountVolume } from '../../app/volume/unmount.ts'
import { formatError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { CreateRequest, MountRequest, NameRequest, parseBody } from './messages.ts'
import type { PluginProtocol } from './protocol.ts'

/**
 * The protocol of volume drivers: eight calls, all POST.
 * https://docs.docker.com/engine/extend/plugins_volume/
 */
export const volumeDriver: PluginProtocol = {
  name: 'VolumeDriver',
  type: 'docker.volumedriver/1.0',
  routes: volumeRoutes,
}

function volumeRoutes(server: FastifyInstance, driver: Driver): void {
  server.post('/VolumeDriver.Capabilities', () => ({ Capabilities: { Scope: 'local' } }))

  server.post('/VolumeDriver.Create', async (request, reply) => {
    const { Name, Opts } = parseBody(CreateRequest, request.body)
    await createVolume(driver, Name, Opts ?? {}, hangUpSignal(request, reply))
    return { Err: '' }
  })

  server.post('/VolumeDriver.Remove', async (request, reply) => {
    const { Name } = parseBody(NameRequest, request.body)
    await removeVolume(driver, Name, hangUpSignal(request, reply))
    return { Err: '' }
  })

  server.post('/VolumeDriver.Mount', async (request, reply) => {
    const { Name, ID } = parseMount(driver, request.body)
    const answer = await mountVolume(driver, Name, ID, hangUpSignal(request, reply))
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) void undo(driver, answer)
    })
    return { Mountpoint: answer.mountpoint, Err: '' }
  })

  server.post('/VolumeDriver.Unmount', async (request) => {
    const { Name, ID } = parseBody(MountRequest, request.body)
    await unmountVolume(driver, Name, ID)
    return { Err: '' }
  })

  server.post('/VolumeDriver.Path', (request) => {
    const { mountpoint } = getVolume(driver, parseBody(NameRequest, request.body).Name)
    return { Mountpoint: mountpoint, Err: '' }
  })

  server.post('/VolumeDriver.Get', (request) => {
    const view = getVolume(driver, parseBody(NameRequest, request.body).Name)
    return { Volume: volumeMessage(view), Err: '' }
  })

  server.post('/VolumeDriver.List', () => {
    const volumes = listVolumes(driver)
    return {
      Volumes: volumes.map(({ name, mountpoint }) => ({ Name: name, Mountpoint: mountpoint })),
      Err: '',
    }
  })
}

async function undo(driver: Driver, answer: MountAnswer): Promise<void> {
  try {
    await answer.undo()
  } catch (thrown) {
    driver.emit('volume.mount.lost.kept', {
      error: formatError(toLocketError(thrown)),
    })
  }
}

function volumeMessage(view: VolumeView) {
  return {
    Name: view.name,
    Mountpoint: view.mountpoint,
    CreatedAt: view.createdAt,
    Status: withoutEmptyLists(view.status),
  }
}

/**
 * A Mount without a body is the engine's second try, after its time limit for the first one passed. The user
 * reads the answer to the second one, so it carries the first one's error (ADR 0005).
 */
function parseMount(driver: Driver, body: unknown): { readonly Name: string; readonly ID: string } {
  try {
    return parseBody(MountRequest, body)
  } catch (error) {
    const reason = typeof body === 'string' && body.trim() !== '' ? undefined : lastAbandonedMount(driver)
    if (reason === undefined) throw error
    throw new LocketError('timeout', `${reason} (the engine stopped waiting for the mount)`, { cause: error })
  }
}

/** Aborts when the engine hangs up before the answer is written. */
function hangUpSignal(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  const hungUp = () => {
    if (!reply.raw.writableFinished)
      controller.abort(new LocketError('aborted', 'the engine hung up before the answer'))
  }
  if (request.raw.socket.destroyed) hungUp()
  reply.raw.once('close', hungUp)
  return controller.signal
}

/** Leaves out the lists without entries: `docker volume inspect` shows what there is. */
function withoutEmptyLists(status: VolumeStatus): Partial<VolumeStatus> {
  const entries = Object.entries(status).filter(([, value]) => !Array.isArray(value) || value.length > 0)
  return Object.fromEntries(entries)
}
