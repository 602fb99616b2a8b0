import { row } from './row.ts'

const FAILURE = { what: 'text', volumes: 'texts', code: 'text', error: 'text' } as const

/** The events of reloads: the setting `on-change`. */
export const RELOAD_EVENTS = {
  'reload.done': row('info', 'new content was announced to a container', {
    container: 'text',
    action: 'text',
    volumes: 'texts',
  }),
  'reload.touched': row('info', 'the file that announces new content was written', {
    volume: 'text',
    file: 'text',
  }),
  'reload.unused': row('debug', 'new content, but no running container uses the volume', { volume: 'text' }),
  'reload.failed': row('error', '{what} failed and is tried again', FAILURE),
  'reload.gave-up': row('error', '{what} failed and is not tried again before the next change', FAILURE),
  'reload.recovered': row('info', '{what} worked after failures', { what: 'text', volumes: 'texts' }),
  'reload.label': row('warn', 'the label locket.on-change is wrong, so that the container is left alone', {
    container: 'text',
    volume: 'text',
    error: 'text',
  }),
  'reload.no-restart': row(
    'warn',
    'after this signal the engine does not start the container again {reason}',
    {
      container: 'text',
      reason: 'text',
    },
  ),
  'reload.impossible': row('warn', 'on-change of the volume cannot work', { volume: 'text', error: 'text' }),
} as const
