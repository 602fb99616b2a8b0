import { noted, ok, problem, type DoctorCheck } from '../finding.ts'

/** The first kernel whose tmpfs has `noswap`. */
const NOSWAP = [6, 4] as const

/** The kernel, and whether secrets in memory can be swapped to disk. */
export const checkSwap: DoctorCheck = async ({ host }) => {
  const release = (await host.text('/proc/sys/kernel/osrelease'))?.trim()
  const areas = ((await host.text('/proc/swaps')) ?? '').trim().split('\n').slice(1)
  const names = areas.map((line) => line.split(/\s+/)[0] ?? '')
  const swap = names.length === 0 ? 'swap is off' : `swap is on (${names.join(', ')})`
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release ?? '') ?? []
  if (release === undefined || major === undefined || minor === undefined)
    return [noted('the version of the kernel cannot be read', 'mount /proc')]
  const hasNoswap = Number(major) > NOSWAP[0] || (Number(major) === NOSWAP[0] && Number(minor) >= NOSWAP[1])
  if (hasNoswap) return [ok(`kernel ${release} keeps volumes out of swap (noswap); ${swap}`)]
  if (names.length === 0)
    return [
      noted(`kernel ${release} has no noswap, which came with 6.4; ${swap}`, 'leave swap off, or update it'),
    ]
  return [
    problem(
      `kernel ${release} has no noswap, which came with 6.4, and ${swap}: mounts are refused`,
      'turn swap off (swapoff -a, and /etc/fstab), update the kernel, or set allow-swap to accept it',
    ),
  ]
}
