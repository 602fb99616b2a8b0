/**
 * The server of the end-to-end test of blind mode, in a container with Node alone: `node -e PROGRAM`. It
 * answers each request with its headers, and logs a digest of the credential, so that the log holds no value.
 */
export const ECHO_PROGRAM = `
  const { createHash } = require('node:crypto')
  const { readFileSync } = require('node:fs')
  const options = { key: readFileSync('/tls/key.pem'), cert: readFileSync('/tls/cert.pem') }
  require('node:https')
    .createServer(options, ({ url, headers }, response) => {
      const { authorization = '' } = headers
      console.log(url + ' ' + createHash('sha256').update(authorization).digest('hex'))
      response.setHeader('x-copy', authorization)
      response.end(JSON.stringify({ authorization, again: Buffer.from(authorization).toString('base64') }))
    })
    .listen(8443, () => console.log('listening'))
  process.once('SIGTERM', () => process.exit())`
