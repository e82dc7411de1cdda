//! Reads server-sent events from bytes, however they are cut into chunks.
//!
//! Follows the event stream format of the HTML standard, with two differences
//! that fail closed: text that is not UTF-8 is an error instead of being
//! replaced, and an event larger than the limit is an error.

use crate::ModelError;

/// Most bytes in one event, field names included.
pub(crate) const LARGEST_EVENT: usize = 16 * 1024 * 1024;

/// One event with data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// The `event` field; empty if there was none.
    pub(crate) name: String,
    /// The `data` fields, joined by line feeds.
    pub(crate) data: String,
}

/// Takes bytes, gives events. An event that is not ended by an empty line is
/// never given: it may be cut off.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    line: Vec<u8>,
    name: String,
    data: Option<String>,
    size: usize,
    /// The last byte was a carriage return, so a line feed now means nothing.
    after_return: bool,
    past_first_line: bool,
}

impl Decoder {
    /// Takes the next bytes and appends the events that they complete.
    pub(crate) fn push(
        &mut self,
        mut bytes: &[u8],
        events: &mut Vec<Event>,
    ) -> Result<(), ModelError> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_return) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes
                .iter()
                .position(|&byte| byte == b'\n' || byte == b'\r');
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            self.grow(part.len())?;
            self.line.extend_from_slice(part);
            bytes = rest;
            if let Some((&ending, rest)) = rest.split_first() {
                self.after_return = ending == b'\r';
                bytes = rest;
                events.extend(self.end_line()?);
            }
        }
        Ok(())
    }

    fn grow(&mut self, by: usize) -> Result<(), ModelError> {
        self.size += by;
        if self.size > LARGEST_EVENT {
            return Err(ModelError::TooLarge {
                what: "an event",
                limit: LARGEST_EVENT,
            });
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<Option<Event>, ModelError> {
        let line = std::mem::take(&mut self.line);
        let line = std::str::from_utf8(&line).map_err(|_| ModelError::Malformed {
            reason: "it is not UTF-8".to_owned(),
        })?;
        let line = if self.past_first_line {
            line
        } else {
            line.strip_prefix('\u{feff}').unwrap_or(line)
        };
        self.past_first_line = true;
        if line.is_empty() {
            self.size = 0;
            let name = std::mem::take(&mut self.name);
            return Ok(self.data.take().map(|data| Event { name, data }));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                none => *none = Some(value.to_owned()),
            },
            // `id` and `retry` serve browsers; an empty field is a comment.
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode<'b>(chunks: impl IntoIterator<Item = &'b [u8]>) -> Result<Vec<Event>, String> {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for chunk in chunks {
            decoder
                .push(chunk, &mut events)
                .map_err(|error| error.to_string())?;
        }
        Ok(events)
    }

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.to_owned(),
            data: data.to_owned(),
        }
    }

    #[test]
    fn reads_fields_comments_and_unfinished_ends_as_the_standard_says() {
        let stream = "\u{feff}: hello\nevent: a\ndata: 1\ndata:2\ndata:  3\nid: 7\nretry: 9\n\nevent: lost\n\ndata\n\ndata: {\"ä\"}\r\rdata: cut off";

        let events = decode([stream.as_bytes()]);

        assert_eq!(
            events,
            Ok(vec![
                event("a", "1\n2\n 3"),
                event("", ""),
                event("", "{\"ä\"}")
            ])
        );
    }

    #[test]
    fn refuses_what_is_not_utf8() {
        assert!(decode([b"data: \xff\n\n".as_slice()]).is_err());
    }

    #[test]
    fn refuses_an_event_above_the_limit_whether_or_not_its_lines_end() {
        let piece = vec![b'x'; 1024 * 1024];
        let endless: Vec<&[u8]> = vec![&piece; 17];
        let lines: Vec<&[u8]> = (0..17)
            .flat_map(|_| [b"\ndata: ".as_slice(), &piece])
            .collect();
        let fits: Vec<&[u8]> = (0..40)
            .flat_map(|_| [b"data: ".as_slice(), &piece, b"\n\n"])
            .collect();

        assert_eq!(
            decode(endless),
            Err("the model server sent an event of more than 16777216 bytes".to_owned())
        );
        assert!(decode(lines).is_err());
        assert_eq!(decode(fits).map(|events| events.len()), Ok(40));
    }

    fn cut(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        places
            .windows(2)
            .map(|pair| bytes[pair[0]..pair[1]].to_vec())
            .collect()
    }

    proptest! {
        #[test]
        fn gives_what_was_written_however_lines_end_and_chunks_are_cut(
            written in prop::collection::vec(("[a-z.]{0,8}", prop::collection::vec("[^\r\n]{0,12}", 1..4)), 0..6),
            ending in prop::sample::select(vec!["\n", "\r\n", "\r"]),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let mut stream = String::new();
            for (name, lines) in &written {
                stream.extend(["event: ", name, ending]);
                stream.extend(lines.iter().flat_map(|line| ["data: ", line, ending]));
                stream.push_str(ending);
            }
            let expected: Vec<Event> = written.iter().map(|(name, lines)| event(name, &lines.join("\n"))).collect();

            let chunks = cut(stream.as_bytes(), &cuts);

            prop_assert_eq!(decode(chunks.iter().map(Vec::as_slice)), Ok(expected));
        }

        #[test]
        fn gives_the_same_for_any_bytes_however_they_are_cut(
            bytes in prop::collection::vec(prop::sample::select(b"\r\n\n: daten\xc3\xa4\xef\xbb\xbf".to_vec()), 0..200),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let chunks = cut(&bytes, &cuts);

            prop_assert_eq!(decode(chunks.iter().map(Vec::as_slice)), decode([bytes.as_slice()]));
        }
    }
}
