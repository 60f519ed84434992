import { BlockList, isIP } from 'node:net';

/** Kinds of addresses that only a machine inside some network can reach, or that are no address of one machine. */
export type SpecialAddressClass =
  | 'loopback'
  | 'private'
  | 'link-local'
  | 'shared'
  | 'unspecified'
  | 'multicast'
  | 'reserved';

export type AddressClass = 'public' | SpecialAddressClass;

/** Subnets by class, from the IANA special-purpose address registries (RFC 6890) and RFC 5771, RFC 4291, RFC 6598. */
const subnets: Readonly<Record<SpecialAddressClass, readonly string[]>> = {
  unspecified: ['0.0.0.0/8', '::/128'],
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10'],
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
  shared: ['100.64.0.0/10'],
  multicast: ['224.0.0.0/4', 'ff00::/8'],
  reserved: [
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '240.0.0.0/4',
    '100::/64',
    '2001::/23',
    '2001:db8::/32',
    '3fff::/20',
    '5f00::/16',
    '64:ff9b:1::/48',
  ],
};

/** IPv6 prefixes with an IPv4 address behind them, and the 16-bit group at which it begins. */
const embedded = [
  { prefix: '::ffff:0:0', bits: 96, group: 6 },
  { prefix: '::ffff:0:0:0', bits: 96, group: 6 },
  { prefix: '::', bits: 96, group: 6 },
  { prefix: '64:ff9b::', bits: 96, group: 6 },
  { prefix: '2002::', bits: 16, group: 1 },
] as const;

/** The only part of IPv6 from which public addresses are given out (RFC 4291, IANA's registry of its address space). */
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

const lists = Object.entries(subnets).map(([kind, entries]) => {
  const list = new BlockList();
  for (const entry of entries) addSubnet(list, entry);
  return { kind: kind as SpecialAddressClass, list };
});

const embeddedLists = embedded.map(({ prefix, bits, group }) => {
  const list = new BlockList();
  list.addSubnet(prefix, bits, 'ipv6');
  return { list, group };
});

/**
 * The class of an IP address. An IPv4 address within an IPv6 one (mapped, compatible, translated, NAT64, 6to4) counts as
 * that IPv4 address.
 *
 * @param address  IPv4 with four decimal numbers, or IPv6 without brackets; a zone such as `%eth0` is passed over
 * @returns  undefined when it is no address
 */
export function addressClass(address: string): AddressClass | undefined {
  const plain = address.replace(/%.*$/, '');
  const version = isIP(plain);
  if (version === 0) return undefined;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (family === 'ipv6') {
    const own = lists.find(({ kind, list }) => kind !== 'reserved' && list.check(plain, family));
    if (own !== undefined) return own.kind;
    const inner = embeddedLists.find(({ list }) => list.check(plain, family));
    if (inner !== undefined) return addressClass(ipv4At(plain, inner.group)) ?? 'reserved';
  }
  const listed = lists.find(({ list }) => list.check(plain, family))?.kind;
  if (listed !== undefined) return listed;
  return family === 'ipv4' || globalUnicast.check(plain, family) ? 'public' : 'reserved';
}

/**
 * The class that the host of a URL has by its spelling alone.
 *
 * @param hostname  as `URL.hostname` gives it: IPv4 in any notation has become four decimal numbers, IPv6 has brackets
 * @returns  undefined for a name, whose addresses only a look-up tells
 */
export function hostClass(hostname: string): AddressClass | undefined {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  if (host === 'localhost' || host.endsWith('.localhost')) return 'loopback';
  return addressClass(host.replace(/^\[(.*)\]$/, '$1'));
}

function addSubnet(list: BlockList, entry: string): void {
  const [prefix = '', bits] = entry.split('/');
  list.addSubnet(prefix, Number(bits), prefix.includes(':') ? 'ipv6' : 'ipv4');
}

/** The 32 bits that begin at a 16-bit group of an IPv6 address, as IPv4. */
function ipv4At(address: string, group: number): string {
  // A URL writes every IPv6 address in groups, also one that ends in four decimal numbers.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const groups = [...before, ...zeros, ...after].map((text) => Number.parseInt(text, 16));
  return [groups[group] ?? 0, groups[group + 1] ?? 0].flatMap((value) => [value >> 8, value & 255]).join('.');
}
