import * as z from 'zod'

/** The methods of a fenced library, by name. Arguments and answers are plain data. */
export type Methods = Readonly<Record<string, (argument: unknown) => Promise<unknown>>>

/** A message to the worker. */
const Call = z.object({ id: z.number(), method: z.string(), argument: z.unknown() })
/** A message to the worker: one call. */
export type FencedCall = z.output<typeof Call>

/** A message from the worker: the answer to one call. */
export const FencedAnswer = z.object({ id: z.number(), value: z.unknown().optional(), failed: z.boolean() })
/** The answer to one call as a type. */
export type FencedAnswer = z.output<typeof FencedAnswer>

/** Returns the worker's side of a fence, which answers each message with one reply. */
export function answerCalls(
  methods: Methods,
): (message: unknown, reply: (answer: FencedAnswer) => void) => void {
  return (message, reply) => {
    const { id, method, argument } = Call.parse(message)
    // A thrown error may hold a secret, so it is not sent. The methods put what may be known of a failure
    // into their answers.
    perform(methods, method, argument).then(
      (value) => reply({ id, value, failed: false }),
      () => reply({ id, failed: true }),
    )
  }
}

async function perform(methods: Methods, name: string, argument: unknown): Promise<unknown> {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (method === undefined) throw new Error(`no method ${name}`)
  return method(argument)
}
