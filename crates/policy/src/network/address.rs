//! Addresses: how they are written, and which of them are nobody's but the
//! machine's or its network's own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where clouds serve what identifies a machine, besides the link's addresses.
const METADATA: &[Ipv4Addr] = &[
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// An address in any of the ways in which programs read one: `127.1`,
/// `0x7f000001`, `017700000001` and `::ffff:7f00:1` are all 127.0.0.1.
/// `None` if it is a name; an error if it is neither.
pub(super) fn parse(text: &str) -> Option<Result<IpAddr, ()>> {
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']');
        let address = inner.and_then(|inner| inner.parse::<Ipv6Addr>().ok());
        return Some(address.map(plain).ok_or(()));
    }
    if text.contains(':') {
        return Some(text.parse::<Ipv6Addr>().map(plain).map_err(|_| ()));
    }
    let last = text.rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with(|c: char| c.is_ascii_digit())
        && (last.chars().all(|c| c.is_ascii_digit()) || number(last).is_some());
    is_number.then(|| v4(text).map(IpAddr::V4).ok_or(()))
}

/// Whether it belongs to the machine, to a network that is not the public one,
/// or to nobody: loopback, private, shared, link-local, documentation,
/// multicast and what is reserved; in IPv6 also what leads to one of these.
pub(super) fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_local_v4(address),
        IpAddr::V6(address) => is_local_v6(address),
    }
}

/// Whether it is of the link, where clouds serve what identifies a machine.
pub(super) fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local() || METADATA.contains(&address),
        IpAddr::V6(address) => {
            let is_metadata = address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            address.is_unicast_link_local() || is_metadata
        }
    }
}

/// One IPv4 address has one writing.
fn plain(address: Ipv6Addr) -> IpAddr {
    match address.to_ipv4_mapped() {
        Some(inner) => IpAddr::V4(inner),
        None => IpAddr::V6(address),
    }
}

fn is_local_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || METADATA.contains(&address)
        || a == 0
        || a >= 240
        || (a, b & 0xc0) == (100, 64)
        || (a, b, c) == (192, 0, 0)
        || (a, b & 0xfe) == (198, 18)
        || (a, b, c) == (192, 88, 99)
}

fn is_local_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let inner = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_local_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // Translated to IPv4 on the way, or carried in it.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => inner(high, low),
        // Unspecified, loopback, and the older way to hold an IPv4 address;
        // what is translated for a network of its own; tunnels, examples.
        [0, 0, 0, 0, 0, 0, ..]
        | [0x64, 0xff9b, 1, ..]
        | [0x2001, 0 | 0xdb8, ..]
        | [0x100, 0, 0, 0, ..]
        | [0x3fff, ..] => true,
        // Only these are public.
        [first, ..] => first & 0xe000 != 0x2000,
    }
}

/// As `inet_aton` reads it: one to four numbers, the last of which fills what
/// the others leave.
fn v4(text: &str) -> Option<Ipv4Addr> {
    let numbers: Vec<u32> = text.split('.').map(number).collect::<Option<_>>()?;
    let (last, first) = numbers.split_last()?;
    if first.len() > 3 || first.iter().any(|part| *part > 255) {
        return None;
    }
    let room = 8 * (4 - u32::try_from(first.len()).ok()?);
    if u64::from(*last) >= 1 << room {
        return None;
    }
    let mut address = u64::from(*last);
    for (at, part) in first.iter().enumerate() {
        address |= u64::from(*part) << (24 - 8 * at);
    }
    u32::try_from(address).ok().map(Ipv4Addr::from)
}

/// Decimal, `0x` hexadecimal or `0` octal.
fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some("") => return Some(0),
        Some(digits) => (digits, 16),
        None => match text.strip_prefix('0') {
            Some("") => return Some(0),
            Some(digits) => (digits, 8),
            None => (text, 10),
        },
    };
    let is_plain = digits.chars().all(|c| c.is_digit(radix)) && !digits.is_empty();
    is_plain.then(|| u32::from_str_radix(digits, radix).ok())?
}
