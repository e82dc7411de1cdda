//! Placeholder addresses: what stands for a name inside the box.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Behind the first 256 addresses of 198.18.0.0/15, which the box uses itself.
const FIRST: u32 = 0xc612_0100;
/// How many there are.
const ROOM: usize = 0x2_0000 - 0x100;
/// A prefix of our own in IPv6; the IPv4 address is behind it.
const PREFIX: [u16; 6] = [0xfdc0, 0xffe2, 0xda3, 0, 0, 0];

/// Which address stands for which name. A name keeps its address: what a
/// program remembers never comes to mean another host.
#[derive(Debug)]
pub struct Placeholders {
    names: Vec<String>,
    known: HashMap<String, u32>,
    most: usize,
}

/// What an address means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Meaning {
    /// This name.
    Name(String),
    /// It is a placeholder, and stands for nothing.
    Nothing,
    /// Itself.
    Literal,
}

impl Placeholders {
    /// At most so many names.
    pub fn new(most: usize) -> Self {
        Self {
            names: Vec::new(),
            known: HashMap::new(),
            most: most.min(ROOM),
        }
    }

    /// The addresses that stand for a name; none if there are too many names.
    pub fn of(&mut self, name: &str) -> Option<(Ipv4Addr, Ipv6Addr)> {
        let index = match self.known.get(name) {
            Some(index) => *index,
            None => self.add(name)?,
        };
        let v4 = Ipv4Addr::from(FIRST + index);
        let mut v6 = [0; 8];
        v6[..6].copy_from_slice(&PREFIX);
        let [low, high] = [u32::from(v4), u32::from(v4) >> 16].map(|part| part & 0xffff);
        for (place, part) in v6[6..].iter_mut().zip([high, low]) {
            *place = u16::try_from(part).unwrap_or_default();
        }
        Some((v4, Ipv6Addr::from(v6)))
    }

    /// What an address means.
    pub fn meaning(&self, address: IpAddr) -> Meaning {
        let v4 = match address.to_canonical() {
            IpAddr::V4(v4) => v4,
            IpAddr::V6(v6) => {
                let [head @ .., high, low] = v6.segments();
                if head != PREFIX {
                    return Meaning::Literal;
                }
                Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
            }
        };
        let number = u32::from(v4);
        if number >> 17 != FIRST >> 17 {
            let is_v6 = matches!(address.to_canonical(), IpAddr::V6(_));
            return if is_v6 {
                Meaning::Nothing
            } else {
                Meaning::Literal
            };
        }
        let index = number
            .checked_sub(FIRST)
            .and_then(|index| usize::try_from(index).ok());
        let name = index.and_then(|index| self.names.get(index));
        name.map_or(Meaning::Nothing, |name| Meaning::Name(name.clone()))
    }

    fn add(&mut self, name: &str) -> Option<u32> {
        if self.names.len() >= self.most {
            return None;
        }
        let index = u32::try_from(self.names.len()).ok()?;
        self.names.push(name.to_owned());
        self.known.insert(name.to_owned(), index);
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_address_of_each_kind_and_they_lead_back() {
        let mut all = Placeholders::new(700);
        for count in 0..700 {
            let name = format!("n{count}.example");
            let (v4, v6) = all.of(&name).unwrap();
            assert_eq!(all.of(&name), Some((v4, v6)));
            let is_placeholder = |address: IpAddr| {
                dam_policy::Host::Address(address).is_local()
                    && all.meaning(address) == Meaning::Name(name.clone())
            };
            assert!(
                is_placeholder(v4.into()) && is_placeholder(v6.into()),
                "{v4} {v6}"
            );
        }
        assert_eq!(all.of("one.more"), None);
        assert!(all.of("n0.example").is_some());
    }

    #[test]
    fn other_addresses_mean_themselves_or_nothing() {
        let all = Placeholders::new(8);
        for (text, meaning) in [
            ("198.18.0.1", Meaning::Nothing),
            ("198.18.1.0", Meaning::Nothing),
            ("198.19.255.255", Meaning::Nothing),
            ("::ffff:198.18.1.0", Meaning::Nothing),
            ("fdc0:ffe2:da3::1", Meaning::Nothing),
            ("198.20.0.0", Meaning::Literal),
            ("127.0.0.1", Meaning::Literal),
            ("2001:4860::8888", Meaning::Literal),
        ] {
            assert_eq!(all.meaning(text.parse().unwrap()), meaning, "{text}");
        }
    }
}
