import { openLivePolicy, type LivePolicy } from '../app/policy/live-policy.ts'
import type { PolicyFile } from '../core/broker/policy/rules.ts'
import { openSourceFiles } from '../host/sources/source-files.ts'
import { followFile } from './follow-file.ts'

/** Parses a policy file. Throws `config`. */
type ParsePolicy = (path: string, text: string) => PolicyFile

/** Returns what `locket serve check` needs. */
export function openPolicyCheck() {
  const files = openSourceFiles()
  return {
    read: (path: string) => files.read(path, { maxBytes: MOST_POLICY_BYTES }),
    compile: async (file: PolicyFile) => (await import('../host/policy/cel.ts')).compilePolicy(file),
  }
}

/** Parses and compiles the text of a policy. Rejects with `config`. */
export async function readPolicyText(parse: ParsePolicy, text: string) {
  const file = parse('the text', text)
  return { file, policy: await openPolicyCheck().compile(file) }
}

/** The size of the largest policy file in bytes. */
const MOST_POLICY_BYTES = 256 * 1024

/** Opens the policy, and reads it again when its file changes or SIGHUP comes. CEL is loaded only for it. */
export async function openPolicy(
  path: string | undefined,
  ports: Omit<Parameters<typeof openLivePolicy>[0], 'path' | 'read' | 'compile'>,
  signal: AbortSignal,
): Promise<LivePolicy | undefined> {
  if (path === undefined) return undefined
  const { compilePolicy: compile } = await import('../host/policy/cel.ts')
  const { read } = openPolicyCheck()
  const policy = await openLivePolicy({ ...ports, path, read, compile })
  await followFile(path, () => policy.reload(), signal)
  return policy
}
