import { Transform, type TransformCallback } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Scrubber } from '../../core/blind/scrub.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { endToEnd, rawOf, scrubHeaders, scrubText, without } from './headers.ts'

/** A decoder for each `Content-Encoding`. Servers are asked for none, and some compress all the same. */
const DECODERS = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
} as const

/** How an answer is passed on. */
interface AnswerRules {
  readonly scrubber: () => Scrubber
  readonly isHead: boolean
  /** Is called with the size of each chunk. */
  readonly passed: (bytes: number) => void
}

/**
 * Passes an answer on as a stream, without the values. A compressed body is decoded. Rejects with
 * `provider_protocol`, before anything is sent, when the body has an encoding that cannot be decoded; later
 * with what ended one of the streams.
 */
export async function passAnswer(
  answer: IncomingMessage,
  response: ServerResponse,
  { scrubber, isHead, passed }: AnswerRules,
): Promise<void> {
  const { statusCode: status = 502, statusMessage = '' } = answer
  const hasBody = !isHead && status !== 204 && status !== 304
  const decoder = hasBody ? decoderOf(answer) : undefined
  const kept = without(endToEnd(answer), 'transfer-encoding')
  const headers = decoder === undefined ? kept : without(kept, 'content-encoding', 'content-length')
  response.sendDate = false
  response.writeHead(status, scrubText(statusMessage, scrubber()), rawOf(scrubHeaders(headers, scrubber)))
  // A stream of events may send nothing for a while: its head must not wait for the first byte.
  const flush = setImmediate(() => response.flushHeaders())
  try {
    if (decoder === undefined) await passBody(answer, response, { scrubber: scrubber(), passed })
    else await pipeline(answer, decoder, scrubbing(scrubber()), response)
  } finally {
    clearImmediate(flush)
  }
}

/**
 * Passes a body that is not compressed. A pipeline of streams does the same and takes twice as long for the
 * small bodies of most answers.
 */
function passBody(
  answer: IncomingMessage,
  response: ServerResponse,
  { scrubber, passed }: Pick<AnswerRules, 'passed'> & { readonly scrubber: Scrubber },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let left = Number(answer.headers['content-length'] ?? Number.NaN)
  const resume = (): void => void answer.resume()
  answer.on('data', (chunk: Buffer) => {
    left -= chunk.byteLength
    passed(chunk.byteLength)
    const shown = scrubber.push(chunk)
    // One write has the head and the last bytes.
    if (left === 0) response.end(Buffer.concat([shown, scrubber.flush()]))
    else if (shown.byteLength > 0 && !response.write(shown)) {
      answer.pause()
      response.once('drain', resume)
    }
  })
  answer.once('end', () => {
    if (!response.writableEnded) response.end(scrubber.flush())
    resolve()
  })
  answer.once('error', reject)
  response.once('error', reject)
  response.once('close', () => {
    if (!response.writableFinished) answer.destroy()
    resolve()
  })
  return promise
}

/** Returns a stream that hides values. */
export function scrubbing(scrubber: Scrubber): Transform {
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done: TransformCallback) {
      const shown = scrubber.push(chunk)
      if (shown.byteLength === 0) done()
      else done(null, shown)
    },
    flush(done: TransformCallback) {
      done(null, scrubber.flush())
    },
  })
}

function decoderOf({ headers, statusCode }: IncomingMessage): Transform | undefined {
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const transfer = (headers['transfer-encoding'] ?? 'chunked').trim().toLowerCase()
  if (transfer !== 'chunked') throw unreadable()
  if (encoding === 'identity' || encoding === '') return undefined
  const open = Object.entries(DECODERS).find(([name]) => name === encoding)?.[1]
  // A part of a compressed body cannot be decoded.
  if (open !== undefined && statusCode !== 206) return open()
  throw unreadable()
}

function unreadable(): LocketError {
  return new LocketError('provider_protocol', 'the server compressed its answer in a way that cannot be read')
}
