import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Prompt } from './prompt.ts'

/** A question before something is replaced or removed. */
interface Question {
  /** `a.toml would be replaced` */
  readonly what: string
  /** `Replace?` */
  readonly question: string
  /** `nothing was written` */
  readonly nothing: string
  /** The way to do it without the question. */
  readonly hint: string
  /** The sentence after a no; by default `nothing`. */
  readonly refused?: string
}

/** Returns when a person agrees. Throws `usage` without a person, and `aborted` when the person refuses. */
export async function agree(
  prompt: Prompt | undefined,
  { what, question, nothing, hint, refused = nothing }: Question,
): Promise<void> {
  if (prompt === undefined) throw new LocketError('usage', `${what}, ${nothing}`, { hint })
  const reply = await prompt.askShown(`${what}. ${question} (y/N): `)
  if (!/^y(es)?$/i.test(reply.trim())) throw new LocketError('aborted', refused)
}
