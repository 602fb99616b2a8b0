/** Calls the function at each SIGHUP until it is disposed. Until then SIGHUP does not end the process. */
export function onHangup(listener: () => void): Disposable {
  process.on('SIGHUP', listener)
  return { [Symbol.dispose]: () => void process.off('SIGHUP', listener) }
}
