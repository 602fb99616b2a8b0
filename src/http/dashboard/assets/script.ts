/** The script. Every page works without it, but for passkeys. */
export const SCRIPT = `
'use strict'
const all = (selector) => [...document.querySelectorAll(selector)]

// One box ticks all others of its form.
for (const box of all('[data-ticks]')) {
  const others = all('input[name="' + box.dataset.ticks + '"]')
  const show = () => {
    const on = others.filter((one) => one.checked).length
    box.checked = on === others.length
    box.indeterminate = on > 0 && on < others.length
  }
  box.closest('label').hidden = false
  box.addEventListener('change', () => others.forEach((one) => { one.checked = box.checked }))
  for (const one of others) one.addEventListener('change', show)
  show()
}
for (const one of all('[data-without-script]')) one.hidden = true

for (const field of all('select[data-clicks]'))
  field.addEventListener('change', () => field.form.requestSubmit(document.getElementById(field.dataset.clicks)))

for (const button of all('[data-copies]')) {
  button.hidden = false
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent)
    const before = button.textContent
    button.textContent = 'Copied'
    setTimeout(() => { button.textContent = before }, 1500)
  })
}

// The minutes that are left of a download.
for (const one of all('[data-until]')) {
  const end = Date.now() + Number(one.dataset.until)
  const show = () => {
    const left = Math.max(0, end - Date.now())
    one.textContent = left === 0 ? 'no time' : Math.ceil(left / 60000) + (left > 60000 ? ' minutes' : ' minute')
    if (left > 0) setTimeout(show, 5000)
  }
  show()
}

// A download can be done once: the page then says so.
for (const form of all('form[data-once]'))
  form.addEventListener('submit', () => setTimeout(() => location.reload(), 1500))

// New lines of the audit appear by themselves while the page is looked at.
const live = document.querySelector('[data-live=yes]')
if (live)
  setInterval(async () => {
    if (document.hidden || live.contains(document.activeElement)) return
    const answer = await fetch(location.href, { headers: { 'x-live': 'yes' } }).catch(() => undefined)
    if (!answer?.ok || answer.redirected) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const lines = page.getElementById('lines')
    if (lines) live.replaceChildren(...lines.childNodes)
  }, 5000)

const post = async (path, token, body) => {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-form': token },
    body: JSON.stringify(body),
  })
  const json = await answer.json()
  if (!answer.ok) throw new Error(json.error)
  return json
}

const ceremonies = {
  async login(token) {
    const options = await post('/passkeys/login-options', token, {})
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
    const credential = await navigator.credentials.get({ publicKey })
    return await post('/passkeys/login', token, { credential: credential.toJSON() })
  },
  async add(token, button) {
    const options = await post('/passkeys/add-options', token, {})
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
    const credential = await navigator.credentials.create({ publicKey })
    const name = document.getElementById(button.dataset.name).value
    return await post('/passkeys/add', token, { credential: credential.toJSON(), name })
  },
}

for (const button of all('[data-passkey]')) {
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) continue
  button.closest('[data-needs-passkeys]').hidden = false
  button.addEventListener('click', async () => {
    const says = document.getElementById(button.dataset.says)
    says.hidden = true
    button.disabled = true
    try {
      const { to } = await ceremonies[button.dataset.passkey](button.dataset.token, button)
      location.assign(button.dataset.next ?? to)
    } catch (error) {
      says.textContent = error.name === 'NotAllowedError' ? 'The passkey was not used.' : error.message
      says.hidden = false
    }
    button.disabled = false
  })
}
`
