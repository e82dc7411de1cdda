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
