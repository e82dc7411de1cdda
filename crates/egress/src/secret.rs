//! Secrets that are put in at the edge. The box has a placeholder; the value
//! takes its place in one header of requests to named hosts.

use std::fmt;

use dam_policy::{Host, HostPattern};
use http::{HeaderName, HeaderValue};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::EgressError;

/// A text that shows itself as `[secret]`, and is wiped when it goes.
#[derive(Clone)]
pub struct Value(Zeroizing<String>);

impl Value {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. Only for putting it on the wire, and for finding it in
    /// what comes back.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// One secret: where it belongs and what stands for it inside.
#[derive(Clone, Debug)]
pub struct Secret {
    name: String,
    placeholder: String,
    value: Value,
    header: HeaderName,
    hosts: Vec<HostPattern>,
}

impl Secret {
    /// A secret for one header of requests to these hosts, with a placeholder
    /// that nobody can guess.
    pub fn new(
        name: impl Into<String>,
        value: Value,
        header: &str,
        hosts: Vec<HostPattern>,
    ) -> Result<Self, EgressError> {
        let name = name.into();
        let bad = |why| EgressError::Secret(name.clone(), why);
        let header = HeaderName::from_bytes(header.as_bytes())
            .map_err(|_| bad("this is not a header's name"))?;
        if value.reveal().is_empty() || HeaderValue::from_str(value.reveal()).is_err() {
            return Err(bad(
                "its value is empty, or has characters that no header can hold",
            ));
        }
        if hosts.is_empty() {
            return Err(bad("it names no host"));
        }
        let mut random = [0; 16];
        SystemRandom::new()
            .fill(&mut random)
            .map_err(|_| bad("there is no randomness for its placeholder"))?;
        let digits = u128::from_be_bytes(random);
        Ok(Self {
            placeholder: format!("cofferdam_secret_{digits:032x}"),
            name,
            value,
            header,
            hosts,
        })
    }

    /// Its name in the settings.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stands for it inside: letters, digits and underscores.
    pub fn placeholder(&self) -> &str {
        &self.placeholder
    }

    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    pub(crate) fn header(&self) -> &HeaderName {
        &self.header
    }

    /// Whether it belongs to this host. In the clear only where a pattern
    /// names the port.
    pub(crate) fn is_for(&self, host: &Host, port: u16, encrypted: bool) -> bool {
        self.hosts.iter().any(|pattern| {
            let at_port = match pattern.port() {
                Some(own) => own == port,
                None => encrypted,
            };
            at_port && pattern.covers(host, port)
        })
    }
}
