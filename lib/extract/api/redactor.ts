/** Parameter names whose values are secrets wherever they come from, e.g. presigned URLs a server redirects to. */
const secretNames =
  /^(.*[_-])?(token|secret|password|passwd|pwd|apikey|api[_-]key|key|sig|signature|auth|authorization|credential|code|jwt|session)$/i;

/** The shortest value that is taken out of texts: shorter ones would blot out ordinary words. */
const minSecretLength = 4;

/** Takes secrets out of what people will read. Learns them as they are resolved. */
export class Redactor {
  readonly #secrets = new Set<string>();

  learn(secret: string): void {
    if (secret.length < minSecretLength) return;
    for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
      this.#secrets.add(form);
    this.#secrets.add(Buffer.from(secret).toString('base64'));
  }

  text(text: string): string {
    let clean = text;
    for (const secret of [...this.#secrets].sort((a, b) => b.length - a.length)) {
      clean = clean.replaceAll(secret, '***');
    }
    return clean;
  }

  /** A URL without user name, password, secrets and the values of parameters that sound like secrets. */
  url(url: URL): string {
    const clean = new URL(url);
    clean.username = '';
    clean.password = '';
    clean.hash = '';
    for (const name of new Set(clean.searchParams.keys())) {
      if (secretNames.test(name)) clean.searchParams.set(name, '***');
    }
    return this.text(clean.href);
  }
}
