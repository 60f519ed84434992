import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { EtlError } from '../../errors.ts';
import { type AddressClass, addressClass, hostClass } from './address-class.ts';
import { AddressRefusedError, ProxiedNameError, SchemeRefusedError } from './errors.ts';

/**
 * Decides where requests of one API may go: to public addresses, and to those of the class that the API's own host has
 * by its spelling (an IP address, or localhost). So an API at 127.0.0.1 may lead to another port of 127.0.0.1, and not to
 * 169.254.169.254. A name has no class of its own, for whoever owns it decides where it leads.
 */
export class AddressGuard {
  /** Origin that the configuration names, e.g. `https://api.example.com`. */
  readonly #home: string;
  readonly #own: AddressClass | undefined;
  readonly #allowPrivate: boolean;
  readonly #resolve: LookupFunction;

  /** @param resolve  what looks names up; the system's, except in tests */
  constructor(home: string, allowPrivate: boolean, resolve: LookupFunction = systemLookup) {
    this.#home = home;
    this.#own = hostClass(new URL(home).hostname);
    this.#allowPrivate = allowPrivate;
    this.#resolve = resolve;
  }

  /**
   * Checks what a URL tells by itself, before each request; `from` is where it came from.
   *
   * @throws {SchemeRefusedError} neither http nor https, or http where https was used before
   * @throws {AddressRefusedError} its host is an address of a class that is not allowed
   */
  check(url: URL, from: URL | undefined): void {
    const secure = this.#home.startsWith('https:') || from?.protocol === 'https:';
    const known = url.protocol === 'https:' || url.protocol === 'http:';
    if (!known || (secure && url.protocol === 'http:')) {
      throw new SchemeRefusedError(from?.origin ?? this.#home, known ? url.origin : url.protocol, known);
    }
    const found = hostClass(url.hostname);
    if (found !== undefined && !this.#allows(found)) throw this.#refusal(url.origin, undefined, found);
  }

  /**
   * Looks a host's name up for a connection to `url` and gives the allowed addresses only. The socket connects to what
   * this gives, so a name that leads elsewhere a moment later changes nothing.
   */
  lookupFor(url: URL): LookupFunction {
    return (hostname, options, callback) => {
      this.#resolve(hostname, { ...options, all: true }, (error, found) => {
        if (error !== null) return callback(error, []);
        const addresses: readonly LookupAddress[] = typeof found === 'string' ? [] : found;
        const allowed = addresses.filter(({ address }) => this.#allows(addressClass(address) ?? 'reserved'));
        const [first] = allowed;
        if (first === undefined) {
          const address = addresses[0]?.address ?? '';
          return callback(this.#refusal(url.origin, address, addressClass(address) ?? 'reserved'), []);
        }
        if (options.all === true) callback(null, [...allowed]);
        else callback(null, first.address, first.family);
      });
    };
  }

  /**
   * Looks a host's name up before a proxy does, which connects to it in our place. The API's own host, as the configuration
   * names it, is left to the proxy where this machine cannot look it up; a host that the API names is not.
   *
   * @throws {AddressRefusedError} {ProxiedNameError}
   */
  async checkName(url: URL): Promise<void> {
    if (this.#allowPrivate || hostClass(url.hostname) !== undefined) return;
    await new Promise<void>((resolve, reject) => {
      this.lookupFor(url)(url.hostname, { all: true }, (error) => {
        if (error === null || (!(error instanceof EtlError) && url.origin === this.#home)) resolve();
        else reject(error instanceof EtlError ? error : new ProxiedNameError(this.#home, url.origin, { cause: error }));
      });
    });
  }

  #allows(found: AddressClass): boolean {
    return this.#allowPrivate || found === 'public' || found === this.#own;
  }

  #refusal(origin: string, address: string | undefined, found: AddressClass): AddressRefusedError {
    return new AddressRefusedError(this.#home, origin, address, found);
  }
}
