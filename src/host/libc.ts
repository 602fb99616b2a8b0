import { getSystemErrorName } from 'node:util'

/** The name of an errno (`EPERM`), or undefined for success. */
export type Errno = string | undefined

/** The functions of libc that locket needs and Node does not have. */
export interface Libc {
  /** mount(2) of a tmpfs named `locket`. */
  mountTmpfs(target: string, flags: number, data: string): Errno
  /** umount2(2). */
  umount2(target: string, flags: number): Errno
  /**
   * flock(2), exclusive, without waiting: `EAGAIN` while another process holds the lock. Closing the
   * descriptor releases the lock.
   */
  tryFlock(fd: number): Errno
  /** waitpid(2) of one process that has ended, and that nothing else waits for. */
  reap(pid: number): void
  /** setrlimit(2) RLIMIT_NOFILE: the soft limit of open files. The hard limit stays. */
  limitOpenFiles(soft: number): Errno
  /** signal(3) with SIG_DFL or SIG_IGN. libuv does not notice it, and keeps what it has received before. */
  setSignal(signal: number, effect: 'default' | 'ignored'): void
  /** fcntl(2) F_SETFD 0: a program that replaces this process keeps the descriptor. */
  keepOpen(fd: number): Errno
  /** fcntl(2) F_SETFL: the status flags of an open file, such as O_NONBLOCK. */
  setStatusFlags(fd: number, flags: number): Errno
  /** prctl(2) PR_SET_DUMPABLE 0: no core dump, and no other process of this user may trace this one. */
  forbidTracing(): Errno
  /** Sends one datagram to a unix socket. A leading `@` in `path` means the abstract namespace. */
  sendDatagram(path: string, text: string): Errno
  /** pthread_sigmask(3) SIG_UNBLOCK of one signal, for the calling thread. */
  unblockSignal(signal: number): Errno
  /**
   * lseek(2) SEEK_DATA and SEEK_HOLE: returns where the first data at or after `offset` begins and ends.
   * Undefined when there is none up to the end of the file. If the file system cannot report holes,
   * everything up to infinity counts as data.
   */
  nextData(fd: number, offset: number): { readonly start: number; readonly end: number } | undefined
  /**
   * prctl(2) PR_SET_PDEATHSIG: the kernel kills this process when the process that started it ends, for
   * whatever reason.
   */
  dieWithParent(): Errno
  /**
   * Calls `listener` for each of these signals that this process receives, realtime signals too, until the
   * returned function is called. It keeps no event loop alive. It uses `uv_signal_start`, a function of libuv
   * that Node exports, because `process.on` takes names only.
   */
  onSignals(numbers: readonly number[], listener: (number: number) => void): () => void
}

const SIG_UNBLOCK = 1
/** sizeof(sigset_t) of glibc. */
const SIGSET_BYTES = 128
const SEEK_DATA = 3
const SEEK_HOLE = 4
const RLIMIT_NOFILE = 7
const SIG_DFL = 0
const SIG_IGN = 1
const F_SETFD = 2
const F_SETFL = 4
const LOCK_EX_NB = 2 | 4
const WNOHANG = 1
const PR_SET_DUMPABLE = 4
const AF_UNIX = 1
const SOCK_DGRAM_CLOEXEC = 0o2000002
const MSG_NOSIGNAL = 0x4000
const PR_SET_PDEATHSIG = 1
const SIGKILL = 9
/** `uv_handle_type` of libuv's `uv.h`. */
const UV_SIGNAL = 16

let loading: Promise<Libc> | undefined

/**
 * Loads libc on first use. koffi takes some 16 ms to load, and the daemon's socket must listen before that.
 */
export function loadLibc(): Promise<Libc> {
  loading ??= bindLibc()
  return loading
}

async function bindLibc(): Promise<Libc> {
  const { default: koffi } = await import('koffi')
  const lib = koffi.load(null)
  const mount = lib.func(
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
  )
  const umount2 = lib.func('int umount2(const char *target, int flags)')
  const flock = lib.func('int flock(int fd, int operation)')
  const waitpid = lib.func('int waitpid(int pid, void *status, int options)')
  const socket = lib.func('int socket(int domain, int type, int protocol)')
  const sendto = lib.func(
    'intptr_t sendto(int fd, const void *text, size_t bytes, int flags, const void *to, uint32_t toBytes)',
  )
  const close = lib.func('int close(int fd)')
  const prctl = lib.func(
    'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
  )
  const getrlimit = lib.func('int getrlimit(int resource, void *limit)')
  const setrlimit = lib.func('int setrlimit(int resource, const void *limit)')
  const signal = lib.func('intptr_t signal(int number, intptr_t handler)')
  const fcntl = lib.func('int fcntl(int fd, int command, ...)')
  const sigmask = lib.func('int pthread_sigmask(int how, const void *set, void *old)')
  const lseek = lib.func('int64_t lseek(int fd, int64_t offset, int whence)')
  const errnoIf = (failed: boolean): Errno => (failed ? getSystemErrorName(-koffi.errno()) : undefined)
  return {
    mountTmpfs: (target, flags, data) => errnoIf(mount('locket', target, 'tmpfs', flags, data) !== 0),
    umount2: (target, flags) => errnoIf(umount2(target, flags) !== 0),
    tryFlock: (fd) => errnoIf(flock(fd, LOCK_EX_NB) !== 0),
    reap: (pid) => void waitpid(pid, null, WNOHANG),
    limitOpenFiles(soft) {
      // struct rlimit: the soft and the hard limit, 64 bits each.
      const limit = Buffer.alloc(16)
      if (getrlimit(RLIMIT_NOFILE, limit) !== 0) return errnoIf(true)
      limit.writeBigUInt64LE(BigInt(soft))
      return errnoIf(setrlimit(RLIMIT_NOFILE, limit) !== 0)
    },
    setSignal: (number, effect) => void signal(number, effect === 'default' ? SIG_DFL : SIG_IGN),
    keepOpen: (fd) => errnoIf(fcntl(fd, F_SETFD, 'int', 0) !== 0),
    setStatusFlags: (fd, flags) => errnoIf(fcntl(fd, F_SETFL, 'int', flags) !== 0),
    forbidTracing: () => errnoIf(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) !== 0),
    sendDatagram(path, text) {
      const fd: unknown = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0)
      if (typeof fd !== 'number' || fd < 0) return errnoIf(true)
      const bytes = Buffer.from(text)
      const address = unixAddress(path)
      const sent = errnoIf(sendto(fd, bytes, bytes.length, MSG_NOSIGNAL, address, address.length) < 0)
      close(fd)
      return sent
    },
    unblockSignal(signal) {
      const set = Buffer.alloc(SIGSET_BYTES)
      set[(signal - 1) >> 3] = 1 << ((signal - 1) & 7)
      const error: unknown = sigmask(SIG_UNBLOCK, set, null)
      return error === 0 ? undefined : getSystemErrorName(-Number(error))
    },
    nextData(fd, offset) {
      const start = Number(lseek(fd, offset, SEEK_DATA))
      if (start < 0) return errnoIf(true) === 'ENXIO' ? undefined : { start: offset, end: Infinity }
      return { start, end: Number(lseek(fd, start, SEEK_HOLE)) }
    },
    dieWithParent: () => errnoIf(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) !== 0),
    onSignals: bindSignals(koffi, lib),
  }
}

type Koffi = (typeof import('koffi'))['default']

/**
 * Binds the signals of libuv. libuv calls back in the thread of the event loop, never in the signal handler
 * itself, so JavaScript may run there.
 */
function bindSignals(koffi: Koffi, lib: ReturnType<Koffi['load']>): Libc['onSignals'] {
  const callback = koffi.proto('void LocketOnSignal(void *handle, int number)')
  const loop: unknown = lib.func('void *uv_default_loop(void)')()
  const bytes = Number(lib.func('size_t uv_handle_size(int type)')(UV_SIGNAL))
  const init = lib.func('int uv_signal_init(void *loop, void *handle)')
  const start = lib.func('int uv_signal_start(void *handle, LocketOnSignal *callback, int number)')
  const stop = lib.func('int uv_signal_stop(void *handle)')
  const unref = lib.func('void uv_unref(void *handle)')
  return (numbers, listener) => {
    // Called directly, promises would not continue before the next turn of the loop.
    const onSignal = (_handle: unknown, number: number) => void setImmediate(listener, number)
    const registered = koffi.register(onSignal, koffi.pointer(callback))
    // The handles stay allocated: the loop knows them until the process ends.
    const handles = numbers.flatMap((number) => {
      const handle: unknown = koffi.alloc('uint8', bytes)
      if (init(loop, handle) !== 0 || start(handle, registered, number) !== 0) return []
      unref(handle)
      return [handle]
    })
    return () => {
      for (const handle of handles) stop(handle)
    }
  }
}

/** Returns a struct sockaddr_un. An abstract name starts with a zero byte and does not end with one. */
function unixAddress(path: string): Buffer {
  const isAbstract = path.startsWith('@')
  const name = Buffer.from(isAbstract ? `\0${path.slice(1)}` : `${path}\0`)
  const family = Buffer.alloc(2)
  family.writeUInt16LE(AF_UNIX)
  return Buffer.concat([family, name])
}
