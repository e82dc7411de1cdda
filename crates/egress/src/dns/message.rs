//! Messages of DNS: questions from inside, answers from outside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::cursor::Cursor;

/// The address of a name in IPv4.
pub const A: u16 = 1;
/// Another name for a name.
pub const CNAME: u16 = 5;
/// The address of a name in IPv6.
pub const AAAA: u16 = 28;

const INTERNET: u16 = 1;
/// How often an answer may point to a name elsewhere in it.
const JUMPS: usize = 16;
/// How many records of an answer are looked at.
const RECORDS: usize = 64;
/// How long what we say may be believed, in seconds.
const TTL: u32 = 60;

/// What is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    NoError = 0,
    FormatError = 1,
    NoSuchName = 3,
    NotImplemented = 4,
    Refused = 5,
}

/// One question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// Counts the asker's questions.
    pub id: u16,
    /// Whether the asker wants others to be asked.
    pub recursive: bool,
    /// The name, in lower case, its labels joined by dots; not checked.
    pub name: String,
    /// What is wanted of it.
    pub kind: u16,
    /// The question as it was asked, to be repeated.
    asked: Vec<u8>,
}

/// Reads a question. Without a header nobody can be answered: `None`.
pub fn question(bytes: &[u8]) -> Option<Result<Question, (u16, Code)>> {
    let mut cursor = Cursor::new(bytes);
    let id = cursor.u16()?;
    let flags = cursor.u16()?;
    let counts = [cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.u16()?];
    let is_answer = flags & 0x8000 != 0;
    if is_answer {
        return None;
    }
    if flags & 0x7800 != 0 {
        return Some(Err((id, Code::NotImplemented)));
    }
    if counts[0] != 1 || counts[1] != 0 || counts[2] != 0 || counts[3] > 2 {
        return Some(Err((id, Code::FormatError)));
    }
    let mut read = || {
        let name = plain_name(&mut cursor)?;
        let kind = cursor.u16()?;
        let class = cursor.u16()?;
        let asked = bytes[12..bytes.len() - cursor.rest().len()].to_vec();
        let recursive = flags & 0x100 != 0;
        let question = Question {
            id,
            recursive,
            name,
            kind,
            asked,
        };
        Some((question, class))
    };
    Some(match read() {
        Some((question, INTERNET)) => Ok(question),
        Some(_) => Err((id, Code::Refused)),
        None => Err((id, Code::FormatError)),
    })
}

impl Question {
    /// The answer, with addresses of the kind that was asked for.
    pub fn answer(&self, code: Code, addresses: &[IpAddr]) -> Vec<u8> {
        let mut bytes = header(self.id, self.recursive, code, 1, addresses.len());
        bytes.extend(&self.asked);
        for address in addresses {
            let (kind, content) = match address {
                IpAddr::V4(address) => (A, address.octets().to_vec()),
                IpAddr::V6(address) => (AAAA, address.octets().to_vec()),
            };
            // The name is the question's, twelve bytes from the start.
            bytes.extend([0xc0, 12]);
            bytes.extend(kind.to_be_bytes());
            bytes.extend(INTERNET.to_be_bytes());
            bytes.extend(TTL.to_be_bytes());
            bytes.extend(u16::try_from(content.len()).unwrap_or(0).to_be_bytes());
            bytes.extend(content);
        }
        bytes
    }
}

/// The answer to what could not be read.
pub fn complaint(id: u16, code: Code) -> Vec<u8> {
    header(id, false, code, 0, 0)
}

fn header(id: u16, recursive: bool, code: Code, questions: u16, answers: usize) -> Vec<u8> {
    // An answer, with recursion available.
    let flags = 0x8080 | u16::from(recursive) << 8 | code as u16;
    let answers = u16::try_from(answers).unwrap_or(0);
    let parts = [id, flags, questions, answers, 0, 0];
    parts.iter().flat_map(|part| part.to_be_bytes()).collect()
}

/// A name without pointers, as questions have it.
fn plain_name(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut name = String::new();
    loop {
        let label = match cursor.u8()? {
            0 => return Some(name),
            length @ 1..64 => cursor.take(length.into())?,
            _ => return None,
        };
        push(&mut name, label)?;
    }
}

/// Adds a label. A dot in one would make it two.
fn push(name: &mut String, label: &[u8]) -> Option<()> {
    if !name.is_empty() {
        name.push('.');
    }
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'.';
    let label = std::str::from_utf8(label).ok();
    name.push_str(
        &label
            .filter(|label| label.bytes().all(|byte| is_plain(&byte)))?
            .to_ascii_lowercase(),
    );
    (name.len() <= 253).then_some(())
}

/// Our own question for the addresses of a name.
pub fn ask(id: u16, name: &str, kind: u16) -> Vec<u8> {
    let parts = [id, 0x100, 1, 0, 0, 0];
    let mut bytes: Vec<u8> = parts.iter().flat_map(|part| part.to_be_bytes()).collect();
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap_or(0));
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes.extend(kind.to_be_bytes());
    bytes.extend(INTERNET.to_be_bytes());
    bytes
}

/// What a name server says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// The names by which the addresses were reached, the one asked for first.
    pub names: Vec<String>,
    /// The addresses of the last of them.
    pub addresses: Vec<IpAddr>,
    /// Whether it did not fit.
    pub truncated: bool,
    /// Whether the server could not say.
    pub failed: bool,
}

/// Reads the answer to [`ask`]. `None` if it is none, or to something else.
pub fn answer(bytes: &[u8], id: u16, name: &str, kind: u16) -> Option<Answer> {
    let mut cursor = Cursor::new(bytes);
    let (own, flags) = (cursor.u16()?, cursor.u16()?);
    let counts = [cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.u16()?];
    if own != id || flags & 0x8000 == 0 || counts[0] != 1 {
        return None;
    }
    let asked = any_name(bytes, &mut cursor)?;
    if asked != name || cursor.u16()? != kind || cursor.u16()? != INTERNET {
        return None;
    }
    let mut found = Answer {
        names: vec![asked],
        truncated: flags & 0x200 != 0,
        failed: !matches!(flags & 0xf, 0 | 3),
        ..Answer::default()
    };
    let mut records = Vec::new();
    for _ in 0..usize::from(counts[1]).min(RECORDS) {
        records.push(record(bytes, &mut cursor)?);
    }
    found.follow(&records, kind);
    Some(found)
}

struct Record<'a> {
    name: String,
    kind: u16,
    content: &'a [u8],
    alias: Option<String>,
}

fn record<'a>(bytes: &'a [u8], cursor: &mut Cursor<'a>) -> Option<Record<'a>> {
    let name = any_name(bytes, cursor)?;
    let kind = cursor.u16()?;
    let _class_and_ttl = cursor.take(6)?;
    let mut content = *cursor;
    let length = content.u16()?;
    let mut inner = content;
    let content = content.take(length.into())?;
    let alias = (kind == CNAME)
        .then(|| any_name(bytes, &mut inner))
        .flatten();
    let _ = cursor.after_u16()?;
    Some(Record {
        name,
        kind,
        content,
        alias,
    })
}

impl Answer {
    /// Goes from the name that was asked for to its addresses, by aliases.
    fn follow(&mut self, records: &[Record<'_>], kind: u16) {
        while self.names.len() <= JUMPS {
            let last = self.names.last().map(String::as_str).unwrap_or_default();
            let of_last = records.iter().filter(|record| record.name == last);
            let alias = of_last.clone().find_map(|record| record.alias.clone());
            if let Some(alias) = alias {
                self.names.push(alias);
                continue;
            }
            let addresses = of_last.filter(|record| record.kind == kind);
            self.addresses = addresses
                .filter_map(|record| address(record.content))
                .collect();
            return;
        }
    }
}

fn address(content: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(content) {
        return Some(Ipv4Addr::from(octets).into());
    }
    let octets = <[u8; 16]>::try_from(content).ok()?;
    Some(Ipv6Addr::from(octets).into())
}

/// A name that may point to another place of the message.
fn any_name<'a>(bytes: &'a [u8], cursor: &mut Cursor<'a>) -> Option<String> {
    let mut name = String::new();
    let mut elsewhere = None;
    for _ in 0..256 {
        let at: &mut Cursor<'a> = elsewhere.as_mut().unwrap_or(cursor);
        match at.u8()? {
            0 => return Some(name),
            length @ 1..64 => push(&mut name, at.take(length.into())?)?,
            high @ 192.. => {
                let to = usize::from(high & 0x3f) << 8 | usize::from(at.u8()?);
                elsewhere = Some(Cursor::new(bytes.get(to..)?));
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_question_is_read_and_repeated_in_its_answer() {
        let bytes = ask(7, "WWW.example.com", A);
        let asked = question(&bytes).unwrap().unwrap();
        assert_eq!(
            (asked.id, asked.name.as_str(), asked.kind),
            (7, "www.example.com", A)
        );
        let reply = asked.answer(Code::NoError, &["198.18.1.1".parse().unwrap()]);
        let read = answer(&reply, 7, "www.example.com", A).unwrap();
        assert_eq!(read.addresses, ["198.18.1.1".parse::<IpAddr>().unwrap()]);
        assert_eq!(answer(&reply, 8, "www.example.com", A), None);
        assert_eq!(answer(&reply, 7, "example.com", A), None);
    }

    #[test]
    fn aliases_are_followed_and_named() {
        let asked = question(&ask(1, "a.example", A)).unwrap().unwrap();
        let mut reply = asked.answer(Code::NoError, &[]);
        reply[7] = 2;
        reply.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 0, 0, 4, 1, b'b', 0xc0, 14]);
        let at = u8::try_from(reply.len() - 4).unwrap();
        reply.extend([0xc0, at, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 0, 0, 1]);
        let read = answer(&reply, 1, "a.example", A).unwrap();
        assert_eq!(read.names, ["a.example", "b.example"]);
        assert_eq!(read.addresses, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn a_name_that_points_at_itself_ends() {
        let asked = question(&ask(1, "a", A)).unwrap().unwrap();
        let mut reply = asked.answer(Code::NoError, &[]);
        reply[7] = 1;
        let at = u8::try_from(reply.len()).unwrap();
        reply.extend([0xc0, at, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(answer(&reply, 1, "a", A), None);
    }

    #[test]
    fn odd_questions_are_complained_of() {
        let good = ask(1, "a.example", A);
        let with = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            question(&bytes).map(|read| read.map_err(|(_, code)| code).map(drop))
        };
        assert_eq!(with(2, 0x80), None);
        assert_eq!(with(2, 0x28), Some(Err(Code::NotImplemented)));
        assert_eq!(with(5, 2), Some(Err(Code::FormatError)));
        assert_eq!(with(12, 0xc0), Some(Err(Code::FormatError)));
        assert_eq!(with(13, b'.'), Some(Err(Code::FormatError)));
        assert_eq!(with(good.len() - 1, 3), Some(Err(Code::Refused)));
        assert_eq!(question(&good[..8]), None);
    }

    proptest! {
        #[test]
        fn anything_gets_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let bytes = [&[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], &bytes[..]].concat();
            if let Some(Ok(asked)) = question(&bytes) {
                prop_assert!(asked.name.len() <= 253);
                let again = question(&ask(1, &asked.name, asked.kind)).unwrap();
                if !asked.name.is_empty() {
                    prop_assert_eq!(again.unwrap().name, asked.name);
                }
            }
            let mut reply = bytes;
            reply[2] = 0x80;
            reply[7] = 3;
            let _ = answer(&reply, 1, "a", A);
        }
    }
}
