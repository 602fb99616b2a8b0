import { html, type Html } from '../html/html.ts'

/** Returns the steps that use a bundle, with texts to copy. The name is one that a machine may have. */
export function snippets(name: string): Html {
  const run = `unzip ${name}.sikkerkey.zip -d ${name}
docker run \\
  -e SIKKERKEY_IDENTITY=/etc/sikkerkey/identity.json \\
  -e SIKKERKEY_HOME=/etc/sikkerkey \\
  -e LOCKET_IDENTITY=/etc/sikkerkey/identity.json \\
  -v "$PWD/${name}:/etc/sikkerkey:ro" \\
  myapp:latest`
  const compose = `services:
  app:
    image: myapp:latest
    environment:
      SIKKERKEY_IDENTITY: /etc/sikkerkey/identity.json
      SIKKERKEY_HOME: /etc/sikkerkey
      LOCKET_IDENTITY: /etc/sikkerkey/identity.json
    volumes:
      - ./${name}:/etc/sikkerkey:ro`
  return html`<li>
      <div>
        <h2>Mount it</h2>
        <p>
          Unpack it into a folder on the host, and mount this folder read-only, so that the container cannot
          change its identity.
        </p>
        <h3>docker run</h3>
        ${copied('run', run)}
        <h3>compose.yaml</h3>
        ${copied('compose', compose)}
      </div>
    </li>
    <li>
      <div>
        <h2>Read secrets</h2>
        <p>
          <code>locket exec</code> reads <code>LOCKET_IDENTITY</code>, SDKs read
          <code>SIKKERKEY_IDENTITY</code>, and the CLI reads <code>SIKKERKEY_HOME</code>. The values are
          fetched when they are needed.
        </p>
        <p>
          If the archive has a file <code>ca.pem</code>, an SDK needs
          <code>SSL_CERT_FILE=/etc/sikkerkey/ca.pem</code> too; for Node it is
          <code>NODE_EXTRA_CA_CERTS</code>.
        </p>
      </div>
    </li>`
}

/** Returns a text with a button that copies it, which the script shows. */
export function copied(id: string, text: string): Html {
  return html`<div class="copy">
    <pre id="${id}" tabindex="0">${text}</pre>
    <button class="second small" type="button" data-copies="${id}" aria-label="Copy ${id}" hidden>
      Copy
    </button>
  </div>`
}
